-- SPDX-License-Identifier: GPL-3.0-or-later

-- "claimRank" is the first key of the order of the claim: -priority, or a time if waiting jobs grow older (option
-- "AgeingSeconds"). A requested action is for the owner to carry out: it writes the revision of the request, and the
-- error code of its core (0 = done), into the two columns of the answer. "retries" counts failed runs that were
-- followed by another one.
ALTER TABLE SharedJobs ADD COLUMN claimRank BIGINT NOT NULL DEFAULT 0
  CONSTRAINT ActionIsKnown CHECK (requestedAction BETWEEN 0 AND 3)
  CONSTRAINT LocalHasLocalId CHECK (origin = 0 OR localId IS NOT NULL)
  CONSTRAINT ActionHasOwner CHECK (requestedAction IS NULL OR owner IS NOT NULL)
  CONSTRAINT RetryWaits CHECK (state <> 5 OR origin = 1 OR (owner IS NULL AND notBefore IS NOT NULL))
  CONSTRAINT OnlyWaitingIsPutOff CHECK (notBefore IS NULL OR (origin = 0 AND state IN (0, 4, 5)));
ALTER TABLE SharedJobs ADD COLUMN retries INTEGER NOT NULL DEFAULT 0 CHECK (retries >= 0);
ALTER TABLE SharedJobs ADD COLUMN requestedRevision BIGINT
  CONSTRAINT ActionHasRevision CHECK ((requestedAction IS NULL) = (requestedRevision IS NULL));
ALTER TABLE SharedJobs ADD COLUMN answeredRevision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE SharedJobs ADD COLUMN answerCode INTEGER NOT NULL DEFAULT 0;

UPDATE SharedJobs SET claimRank = -CAST(priority AS BIGINT);

-- A job that is put off becomes claimable when its "notBefore" has been taken away, so that those who wait for their
-- time do not stand in the way of the claim. The state is always the same in there, and makes SQLite prefer these
-- indexes to that of all states.
DROP INDEX SharedJobsWaiting;
CREATE INDEX SharedJobsWaiting ON SharedJobs(state, claimRank, seq)
  WHERE state = 0 AND origin = 0 AND notBefore IS NULL;
CREATE INDEX SharedJobsWaitingOfKind ON SharedJobs(state, type, destination, claimRank, seq)
  WHERE state = 0 AND origin = 0 AND notBefore IS NULL;
CREATE INDEX SharedJobsPutOff ON SharedJobs(notBefore) WHERE notBefore IS NOT NULL AND state <> 4;
CREATE INDEX SharedJobsRequested ON SharedJobs(owner) WHERE requestedAction IS NOT NULL;
-- The order of the history: the oldest end goes first.
CREATE INDEX SharedJobsEnded ON SharedJobs(state, completedAt, seq) WHERE completedAt IS NOT NULL;

-- Listings go through the jobs in the order of their creation. There is no index on that order alone: PostgreSQL
-- would take it for filters that hardly any row matches, and read the whole table.
CREATE INDEX SharedJobsOfOrigin ON SharedJobs(origin, createdAt, seq);
CREATE INDEX SharedJobsOfState ON SharedJobs(state, createdAt, seq);
CREATE INDEX SharedJobsOfType ON SharedJobs(type, createdAt, seq);
CREATE INDEX SharedJobsOfReplica ON SharedJobs(replica, createdAt, seq) WHERE replica IS NOT NULL;
CREATE INDEX SharedJobsOfDestination ON SharedJobs(destination, createdAt, seq) WHERE destination <> '';

-- A long content or body is compressed (zlib). "submittedAt" is the server identifier of the replica that was called.
ALTER TABLE SharedJobDetails ADD COLUMN packedContent BLOB;
ALTER TABLE SharedJobDetails ADD COLUMN isBodyPacked INTEGER NOT NULL DEFAULT 0 CHECK (isBodyPacked IN (0, 1));
ALTER TABLE SharedJobDetails ADD COLUMN submittedAt TEXT NOT NULL DEFAULT '';

-- Set once the queued jobs of a dead replica have been taken over, while its local jobs are still waited for
ALTER TABLE SharedReplicas ADD COLUMN rescuedAt BIGINT;

-- What a job has produced. Chunks are written before "completedAt", and are gone after "evictedAt".
CREATE TABLE SharedJobOutputs(
  jobId TEXT NOT NULL REFERENCES SharedJobs(id) ON DELETE CASCADE,
  outputKey TEXT NOT NULL,
  fence BIGINT NOT NULL,
  fileName TEXT NOT NULL,
  contentType TEXT NOT NULL,
  size BIGINT NOT NULL CHECK (size >= 0),
  createdAt BIGINT NOT NULL,
  completedAt BIGINT,
  evictedAt BIGINT,
  evictionReason TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (jobId, outputKey)
);

CREATE INDEX SharedJobOutputsKept ON SharedJobOutputs(completedAt) WHERE completedAt IS NOT NULL AND evictedAt IS NULL;

CREATE TABLE SharedJobOutputChunks(
  jobId TEXT NOT NULL,
  outputKey TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 0),
  data BLOB NOT NULL,
  PRIMARY KEY (jobId, outputKey, number),
  FOREIGN KEY (jobId, outputKey) REFERENCES SharedJobOutputs(jobId, outputKey) ON DELETE CASCADE
);

-- The header "Idempotency-Key" of submissions. No reference: the job may be removed earlier than the key.
CREATE TABLE SharedJobKeys(
  requestKey TEXT NOT NULL,
  uri TEXT NOT NULL,
  jobId TEXT NOT NULL,
  createdAt BIGINT NOT NULL,
  PRIMARY KEY (requestKey, uri)
);

CREATE INDEX SharedJobKeysAge ON SharedJobKeys(createdAt);

-- One row per limit of the flow, locked by whoever claims jobs that it concerns
CREATE TABLE SharedJobLimits(
  name TEXT NOT NULL PRIMARY KEY
);
