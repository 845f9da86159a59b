/* maildir_statements.h - the statements of SQLite that the Maildir store uses, prepared when first used.
 * The tables are in maildir_schema.c; docs/design/maildir.md tells what they hold. */
#ifndef MAILPROTO_STORE_MAILDIR_STATEMENTS_H
#define MAILPROTO_STORE_MAILDIR_STATEMENTS_H

#define MP_STATEMENTS(X)                                                                                               \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                                        \
    X(BEGIN_READ, "BEGIN")                                                                                             \
    X(COMMIT, "COMMIT")                                                                                                \
    X(ROLLBACK, "ROLLBACK")                                                                                            \
    X(ACCOUNT, "SELECT uidvalidity, uidvalidity_bound, modseq, modseq_bound, epoch, messages, octets, root_mtime,"     \
               " root_settled, closed, floor FROM account")                                                            \
    X(ACCOUNT_CLOSED, "UPDATE account SET closed = epoch WHERE epoch = ?1")                                            \
    X(ACCOUNT_FLOOR, "UPDATE account SET floor = ?1")                                                                  \
    X(FLOOR, "SELECT floor FROM account")                                                                              \
    X(LOST_INSERT, "INSERT OR REPLACE INTO lost(first, last) VALUES(?1, ?2)")                                          \
    X(LOST, "SELECT 1 FROM lost WHERE first <= ?1 AND last >= ?1 LIMIT 1")                                             \
    X(ACCOUNT_UIDVALIDITY, "UPDATE account SET uidvalidity = ?1, uidvalidity_bound = ?2")                              \
    X(ACCOUNT_MODSEQ, "UPDATE account SET modseq = ?1, modseq_bound = ?2, epoch = ?3")                                 \
    X(ACCOUNT_SUMS, "UPDATE account SET messages = messages + ?1, octets = octets + ?2")                               \
    X(ACCOUNT_ROOT, "UPDATE account SET root_mtime = ?1, root_settled = ?2")                                           \
    X(MAILBOX, "SELECT id, key, directory, uidvalidity, uidnext, modseq, horizon, attributes, messages, octets,"       \
               " unseen, deleted, deleted_octets, new_mtime, new_settled, cur_mtime, cur_settled, cur_scanned,"        \
               " cur_cost, scan_epoch FROM mailboxes WHERE id = ?1")                                                   \
    X(MAILBOX_BY_KEY, "SELECT id FROM mailboxes WHERE key = ?1")                                                       \
    X(MAILBOX_BY_DIRECTORY, "SELECT id FROM mailboxes WHERE directory = ?1")                                           \
    X(MAILBOX_INSERT, "INSERT INTO mailboxes(id, key, directory, uidvalidity, uidnext, modseq, horizon, attributes)"   \
                      " VALUES(?1, ?2, ?3, ?1, 1, ?4, ?4, ?5)")                                                        \
    X(MAILBOX_NUMBERS, "UPDATE mailboxes SET uidnext = ?2, modseq = ?3, messages = ?4, octets = ?5, unseen = ?6,"      \
                       " deleted = ?7, deleted_octets = ?8 WHERE id = ?1")                                             \
    X(MAILBOX_SCANNED, "UPDATE mailboxes SET new_mtime = ?2, new_settled = ?3, cur_mtime = ?4, cur_settled = ?5,"      \
                       " cur_scanned = ?6, cur_cost = ?7, scan_epoch = ?8 WHERE id = ?1")                              \
    X(MAILBOX_NAME, "UPDATE mailboxes SET key = ?2, directory = ?3 WHERE id = ?1")                                     \
    X(MAILBOX_BECOMES, "UPDATE mailboxes SET directory = NULL, attributes = ?2, uidnext = 1, modseq = ?3,"             \
                       " horizon = ?3, messages = 0, octets = 0, unseen = 0, deleted = 0, deleted_octets = 0,"         \
                       " new_mtime = 0, cur_mtime = 0 WHERE id = ?1")                                                  \
    X(MAILBOX_DELETE, "DELETE FROM mailboxes WHERE id = ?1")                                                           \
    X(MAILBOX_HORIZON, "UPDATE mailboxes SET horizon = ?2 WHERE id = ?1")                                              \
    X(MAILBOX_COUNT, "SELECT count(*) FROM mailboxes")                                                                 \
    X(MAILBOX_INFERIOR, "SELECT 1 FROM mailboxes WHERE key > ?1 AND key < ?2 LIMIT 1")                                 \
    X(MAILBOX_FAMILY, "SELECT id, key, directory, attributes FROM mailboxes WHERE key = ?1 OR (key > ?2 AND"           \
                      " key < ?3) ORDER BY key")                                                                       \
    X(MAILBOX_ALL, "SELECT id, directory FROM mailboxes WHERE id > ?1 ORDER BY id")                                    \
    X(LIST, "SELECT m.id, m.key, m.attributes, s.key IS NOT NULL FROM mailboxes m LEFT JOIN subscriptions s"           \
            " ON s.key = m.key WHERE m.key > ?1 AND (?2 = 0 OR s.key IS NOT NULL)"                                     \
            " UNION ALL SELECT 0, s.key, 4, 1 FROM subscriptions s WHERE s.key > ?1 AND NOT EXISTS"                    \
            " (SELECT 1 FROM mailboxes m WHERE m.key = s.key) ORDER BY 2 LIMIT ?3")                                    \
    X(LIST_ONE, "SELECT m.id, m.key, m.attributes, s.key IS NOT NULL FROM mailboxes m LEFT JOIN subscriptions s"       \
                " ON s.key = m.key WHERE m.key = ?1 AND (?2 = 0 OR s.key IS NOT NULL)"                                 \
                " UNION ALL SELECT 0, s.key, 4, 1 FROM subscriptions s WHERE s.key = ?1 AND NOT EXISTS"                \
                " (SELECT 1 FROM mailboxes m WHERE m.key = s.key) LIMIT ?3")                                           \
    X(SUBSCRIBED, "SELECT 1 FROM subscriptions WHERE key = ?1")                                                        \
    X(SUMS_WRONG, "SELECT messages <> (SELECT total(messages) FROM mailboxes) OR octets <> (SELECT total(octets)"      \
                  " FROM mailboxes) FROM account")                                                                     \
    X(STATE, "SELECT modseq + 7 * uidvalidity + (SELECT count(*) FROM mailboxes) FROM account")                        \
    X(SUBSCRIBE, "INSERT OR IGNORE INTO subscriptions(key) VALUES(?1)")                                                \
    X(UNSUBSCRIBE, "DELETE FROM subscriptions WHERE key = ?1")                                                         \
    X(MESSAGES, "SELECT uid, base, info, flags, keywords, modseq, size, octets, date, zone, state, saved"              \
                " FROM messages WHERE mailbox = ?1 AND uid >= ?2 AND uid <= ?3 ORDER BY uid")                          \
    X(MESSAGES_PLAIN, "SELECT uid, flags, keywords, modseq, size, date, zone, saved FROM messages"                     \
                      " WHERE mailbox = ?1 AND uid >= ?2 AND uid <= ?3 ORDER BY uid")                                  \
    X(CHANGED_PLAIN, "SELECT uid, flags, keywords, modseq, size, date, zone, saved FROM messages"                      \
                     " WHERE mailbox = ?1 AND modseq > ?2 ORDER BY uid")                                               \
    X(UIDS, "SELECT uid FROM messages WHERE mailbox = ?1 AND uid >= ?2 AND uid <= ?3 AND (?4 = 0 OR flags & 8)"        \
            " ORDER BY uid")                                                                                           \
    X(MESSAGE_BY_BASE, "SELECT uid, info, flags, size, octets FROM messages WHERE mailbox = ?1 AND base = ?2")         \
    X(MESSAGE_INSERT, "INSERT INTO messages(mailbox, uid, base, info, flags, keywords, modseq, size, octets, date,"    \
                      " zone, state, saved) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")           \
    X(MESSAGE_FLAGS, "UPDATE messages SET flags = ?3, keywords = ?4, modseq = ?5, info = ?6"                           \
                     " WHERE mailbox = ?1 AND uid = ?2")                                                               \
    X(MESSAGE_INFO, "UPDATE messages SET info = ?3 WHERE mailbox = ?1 AND uid = ?2")                                   \
    X(MESSAGE_STATE, "UPDATE messages SET state = ?3 WHERE mailbox = ?1 AND uid = ?2")                                 \
    X(MESSAGE_DELETE, "DELETE FROM messages WHERE mailbox = ?1 AND uid = ?2")                                          \
    X(MESSAGES_DELETE, "DELETE FROM messages WHERE mailbox = ?1")                                                      \
    X(MESSAGES_SCAN, "SELECT uid, base, info, flags, size, octets FROM messages WHERE mailbox = ?1")                   \
    X(KEYWORDS, "SELECT number, name FROM keywords WHERE mailbox = ?1 ORDER BY number")                                \
    X(KEYWORD_INSERT, "INSERT INTO keywords(mailbox, number, name) VALUES(?1, ?2, ?3)")                                \
    X(KEYWORDS_DELETE, "DELETE FROM keywords WHERE mailbox = ?1")                                                      \
    X(VANISHED, "SELECT first, last, modseq FROM vanished WHERE mailbox = ?1 AND modseq > ?2 ORDER BY first")          \
    X(VANISHED_INSERT, "INSERT INTO vanished(mailbox, first, last, modseq) VALUES(?1, ?2, ?3, ?4)")                    \
    X(VANISHED_COUNT, "SELECT count(*) FROM vanished WHERE mailbox = ?1")                                              \
    X(VANISHED_OLDEST, "SELECT modseq FROM vanished WHERE mailbox = ?1 ORDER BY modseq LIMIT 1 OFFSET ?2")             \
    X(VANISHED_FORGET, "DELETE FROM vanished WHERE mailbox = ?1 AND modseq <= ?2")                                     \
    X(VANISHED_DELETE, "DELETE FROM vanished WHERE mailbox = ?1")                                                      \
    X(REMOVED_INSERT, "INSERT OR IGNORE INTO removed(mailbox, base) VALUES(?1, ?2)")                                   \
    X(REMOVED, "SELECT base FROM removed WHERE mailbox = ?1")                                                          \
    X(REMOVED_ONE, "SELECT 1 FROM removed WHERE mailbox = ?1 AND base = ?2")                                           \
    X(REMOVED_COUNT, "SELECT count(*) FROM removed WHERE mailbox = ?1")                                                \
    X(REMOVED_FORGET, "DELETE FROM removed WHERE mailbox = ?1")                                                        \
    X(TODO_ANY, "SELECT 1 FROM todo LIMIT 1")                                                                          \
    X(TODO, "SELECT id, kind, mailbox, base, source, source_base, target FROM todo WHERE id > ?1 ORDER BY id")         \
    X(TODO_INSERT, "INSERT INTO todo(kind, mailbox, base, source, source_base, target)"                                \
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                                                  \
    X(TODO_OF_BASE, "SELECT source FROM todo WHERE kind = 1 AND (base = ?1 OR source_base = ?1) LIMIT 1")              \
    X(TODO_DELETE, "DELETE FROM todo WHERE id = ?1")                                                                   \
    X(TODO_DIRECTORY, "SELECT 1 FROM todo WHERE kind <> 1 AND (source = ?1 OR target = ?1) LIMIT 1")                   \
    X(TODO_RENAME, "SELECT id, source, base FROM todo WHERE kind = 2 AND target = ?1 LIMIT 1")                         \
    X(TODO_GRAVE, "SELECT 1 FROM todo WHERE target = 'mailproto/' || ?1 LIMIT 1")                                      \
    X(BLOB, "SELECT bytes FROM blobs WHERE mailbox = ?1 AND uid = ?2 AND version = ?3")                                \
    X(BLOB_INSERT, "INSERT OR REPLACE INTO blobs(mailbox, uid, version, bytes) VALUES(?1, ?2, ?3, ?4)")                \
    X(BLOB_DELETE, "DELETE FROM blobs WHERE mailbox = ?1 AND uid = ?2")                                                \
    X(BLOBS_DELETE, "DELETE FROM blobs WHERE mailbox = ?1")                                                            \
    X(METADATA, "SELECT name, value FROM metadata WHERE mailbox = ?1 ORDER BY name")                                   \
    X(METADATA_INSERT, "INSERT OR REPLACE INTO metadata(mailbox, name, value) VALUES(?1, ?2, ?3)")                     \
    X(METADATA_REMOVE, "DELETE FROM metadata WHERE mailbox = ?1 AND name = ?2")                                        \
    X(METADATA_DELETE, "DELETE FROM metadata WHERE mailbox = ?1")                                                      \
    X(QUOTAS, "SELECT resource, bound FROM quotas ORDER BY resource")                                                  \
    X(QUOTA_INSERT, "INSERT OR REPLACE INTO quotas(resource, bound) VALUES(?1, ?2)")                                   \
    X(QUOTA_DELETE, "DELETE FROM quotas WHERE resource = ?1")

enum {
#define MP_STATEMENT(name, text) MP_SQL_##name,
    MP_STATEMENTS(MP_STATEMENT)
#undef MP_STATEMENT
        MP_SQL_COUNT
};

#endif
