/*
 * shard.h - which script thread a conversation belongs to.
 *
 * A conversation (account, our address, their address) hashes to one of 256
 * fixed shards; the table maps shard -> mailbox of a script thread. Reading is
 * one atomic load; only main writes (start, recovery of a lost thread).
 */
#ifndef RD_LOOP_SHARD_H
#define RD_LOOP_SHARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/slice.h"
#include "loop/mailbox.h"

#define RD_SHARDS 256

struct rd_shards {
    _Atomic(struct rd_mailbox *) at[RD_SHARDS];
};

/* Shard of a conversation: FNV-1a over the three with separators; the same in every process. */
uint8_t rd_shard_of(struct rd_slice account, struct rd_slice ours, struct rd_slice theirs);

/* Points every shard that went to `from` to `to`. Main only. */
void rd_shards_move(struct rd_shards *table, struct rd_mailbox *from, struct rd_mailbox *to);
/* Shard i goes to worker i modulo n. Main only. */
void rd_shards_spread(struct rd_shards *table, struct rd_mailbox *const *workers, unsigned n);

/*
 * Posts to the shard's mailbox while that holds fewer than limit mails. When it
 * was closed meanwhile the table is read again. 0, RD_E_BUSY, or RD_E_CLOSED
 * (no thread serves the shard any more).
 */
int rd_shards_post(struct rd_shards *table, uint8_t shard, struct rd_mail *mail, size_t limit);

#endif
