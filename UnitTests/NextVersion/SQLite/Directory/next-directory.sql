-- SPDX-License-Identifier: GPL-3.0-or-later
ALTER TABLE SharedModalities ADD COLUMN nextNote TEXT NOT NULL DEFAULT 'none';
