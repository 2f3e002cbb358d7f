-- SPDX-License-Identifier: GPL-3.0-or-later
-- The message bus. AUTOINCREMENT: numbers are never reused, and without gaps, so that a watcher sees what it missed.
CREATE TABLE SharedMessages(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message TEXT NOT NULL,
  sent BIGINT NOT NULL
);
