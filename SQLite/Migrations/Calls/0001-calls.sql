-- SPDX-License-Identifier: GPL-3.0-or-later

-- Calls from one replica to the REST API of another one's core, named by their incarnations: a row lives as long as its
-- caller waits. "begunAt" is set once, before the core is called: what has begun is not begun again, and what has not
-- begun when "expiresAt" comes never is. The answer: an HTTP status, or the error code of a core that refuses.
CREATE TABLE SharedReplicaCalls(
  id TEXT NOT NULL PRIMARY KEY,
  caller TEXT NOT NULL,
  target TEXT NOT NULL,
  method INTEGER NOT NULL CHECK (method IN (0, 1)),
  uri TEXT NOT NULL,
  body BLOB NOT NULL,
  createdAt BIGINT NOT NULL,
  expiresAt BIGINT NOT NULL,
  begunAt BIGINT,
  answeredAt BIGINT,
  httpStatus INTEGER,
  errorCode INTEGER,
  error TEXT,
  contentType TEXT,
  answer BLOB,
  CONSTRAINT AnsweredHasBegun CHECK (answeredAt IS NULL OR begunAt IS NOT NULL),
  CONSTRAINT AnswerIsWhole CHECK ((answeredAt IS NULL) = (httpStatus IS NULL)
    AND (answeredAt IS NULL) = (errorCode IS NULL) AND (answeredAt IS NULL) = (error IS NULL)
    AND (answeredAt IS NULL) = (contentType IS NULL) AND (answeredAt IS NULL) = (answer IS NULL))
);

CREATE INDEX SharedReplicaCallsWaiting ON SharedReplicaCalls(target, createdAt) WHERE begunAt IS NULL;
CREATE INDEX SharedReplicaCallsAge ON SharedReplicaCalls(expiresAt);
