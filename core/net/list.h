/*
 * list.h - circular lists whose entries lie in the objects themselves.
 *
 * An entry can leave its list without knowing which one it is in; a list's head
 * is an entry too. Used for connections and timers of one loop; no locks.
 */
#ifndef RD_NET_LIST_H
#define RD_NET_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct rd_list {
    struct rd_list *next, *prev;
};

/* The object that holds an entry. */
#define RD_LIST_OWNER(entry, type, member)                                   \
    ((type *)(void *)((char *)(entry) - offsetof(type, member)))

static inline void
rd_list_init(struct rd_list *l)
{
    l->next = l->prev = l;
}

static inline bool
rd_list_empty(const struct rd_list *l)
{
    return l->next == l;
}

/* Leaves its list (or none) and is a list of its own. */
static inline void
rd_list_remove(struct rd_list *entry)
{
    entry->prev->next = entry->next;
    entry->next->prev = entry->prev;
    rd_list_init(entry);
}

/* Appends an entry that is in no list. */
static inline void
rd_list_append(struct rd_list *l, struct rd_list *entry)
{
    entry->prev = l->prev;
    entry->next = l;
    l->prev->next = entry;
    l->prev = entry;
}

/* Moves all entries of `from` to the empty list `to`. */
static inline void
rd_list_take(struct rd_list *to, struct rd_list *from)
{
    if (rd_list_empty(from))
        return;
    *to = *from;
    to->next->prev = to->prev->next = to;
    rd_list_init(from);
}

#endif
