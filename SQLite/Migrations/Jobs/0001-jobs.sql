-- SPDX-License-Identifier: GPL-3.0-or-later

-- One row per start of a replica, gone once it has left and owns nothing any more
CREATE TABLE SharedReplicas(
  incarnation TEXT NOT NULL PRIMARY KEY,
  serverIdentifier TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  startedAt BIGINT NOT NULL,
  heartbeatAt BIGINT NOT NULL,
  leaseMicroseconds BIGINT NOT NULL CHECK (leaseMicroseconds > 0),
  capacity INTEGER NOT NULL CHECK (capacity >= 0),
  running INTEGER NOT NULL CHECK (running >= 0),
  draining INTEGER NOT NULL CHECK (draining IN (0, 1))
);

-- Narrow and hot. "fence" is +1 at each claim and never goes back: a write about a run carries it.
CREATE TABLE SharedJobs(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE CHECK (length(id) > 0),
  revision BIGINT NOT NULL DEFAULT 1 CHECK (revision >= 1),
  type TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
  origin INTEGER NOT NULL CHECK (origin IN (0, 1)),
  priority INTEGER NOT NULL,
  destination TEXT NOT NULL DEFAULT '',
  progress INTEGER NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
  errorCode INTEGER NOT NULL DEFAULT 0,
  createdAt BIGINT NOT NULL,
  changedAt BIGINT NOT NULL,
  completedAt BIGINT,
  notBefore BIGINT,
  runtimeMilliseconds BIGINT NOT NULL DEFAULT 0 CHECK (runtimeMilliseconds >= 0),
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),
  fence BIGINT NOT NULL DEFAULT 0 CHECK (fence >= 0),
  owner TEXT,
  replica TEXT,
  localId TEXT,
  requestedAction INTEGER,
  CONSTRAINT EndedIsCompleted CHECK ((state IN (2, 3)) = (completedAt IS NOT NULL)),
  CONSTRAINT RunningIsOwned CHECK (state <> 1 OR (owner IS NOT NULL AND attempts > 0)),
  CONSTRAINT WaitingIsFree CHECK (origin = 1 OR state <> 0 OR (owner IS NULL AND localId IS NULL)),
  CONSTRAINT LocalIsPinned CHECK (origin = 0 OR (owner IS NOT NULL AND localId = id)),
  CONSTRAINT OwnerIsReplica CHECK ((owner IS NULL) = (replica IS NULL))
);

-- The order of the claim
CREATE INDEX SharedJobsWaiting ON SharedJobs(priority DESC, seq) WHERE state = 0 AND origin = 0;
CREATE INDEX SharedJobsOwned ON SharedJobs(owner) WHERE completedAt IS NULL AND owner IS NOT NULL;

-- Wide and cold. JSON as text: content, userData, errorPayload.
CREATE TABLE SharedJobDetails(
  id TEXT NOT NULL PRIMARY KEY REFERENCES SharedJobs(id) ON DELETE CASCADE,
  uri TEXT,
  body BLOB,
  submittedBy TEXT NOT NULL DEFAULT '',
  remoteIp TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL DEFAULT '{}',
  errorDetails TEXT NOT NULL DEFAULT '',
  errorPayload TEXT,
  userData TEXT,
  lostReplicas TEXT NOT NULL DEFAULT ''
);

-- The ids that the cores have given to the runs of queued jobs
CREATE TABLE SharedJobRuns(
  localId TEXT NOT NULL PRIMARY KEY,
  jobId TEXT NOT NULL REFERENCES SharedJobs(id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  incarnation TEXT NOT NULL
);

CREATE INDEX SharedJobRunsOfJob ON SharedJobRuns(jobId);
