-- SPDX-License-Identifier: GPL-3.0-or-later

-- The handles of queries to modalities: what a core freezes in a handle, and who has made it. "lastUsedAt" is renewed
-- once a minute at most. JSON as text: query, in the "full" format of Orthanc.
CREATE TABLE SharedQueries(
  id TEXT PRIMARY KEY CHECK (length(id) > 0),
  seq BIGINT GENERATED ALWAYS AS IDENTITY,
  createdAt BIGINT NOT NULL,
  lastUsedAt BIGINT NOT NULL,
  serverIdentifier TEXT NOT NULL,
  replica TEXT NOT NULL,
  modality TEXT NOT NULL,
  level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),
  query TEXT NOT NULL,
  isNormalized INTEGER NOT NULL CHECK (isNormalized IN (0, 1)),
  localAet TEXT NOT NULL,
  targetAet TEXT NOT NULL,
  retrieveMethod TEXT NOT NULL,
  timeoutSeconds BIGINT NOT NULL CHECK (timeoutSeconds >= 0),
  answersCount BIGINT NOT NULL CHECK (answersCount >= 0)
);

CREATE INDEX SharedQueriesUsed ON SharedQueries(lastUsedAt, seq);
CREATE INDEX SharedQueriesCreated ON SharedQueries(createdAt);

-- The answers, in their order from 0 on: JSON in the "full" format, compressed if it is long
CREATE TABLE SharedQueryAnswers(
  queryId TEXT NOT NULL REFERENCES SharedQueries(id) ON DELETE CASCADE,
  number BIGINT NOT NULL CHECK (number >= 0),
  content TEXT,
  packedContent BYTEA,
  PRIMARY KEY (queryId, number),
  CONSTRAINT OneContent CHECK ((content IS NULL) <> (packedContent IS NULL))
);
