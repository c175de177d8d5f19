/* The pool: every size, objects that change threads, threads that end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "vectors.h"

#define MOST 4096
#define MANY 1000
#define THREADS 4

struct object {
    unsigned char *p;
    size_t n;
};

/* Filled to its last byte, so that overlapping ones show. */
static struct object
object_new(size_t n, unsigned char fill)
{
    struct object o = { rd_pool_get(n), n };

    assert_int_equal((uintptr_t)o.p % _Alignof(max_align_t), 0);
    memset(o.p, fill, n);
    return o;
}

static void
object_free(struct object o, unsigned char fill)
{
    for (size_t i = 0; i < o.n; i++)
        assert_int_equal(o.p[i], fill);
    rd_pool_put(o.p, o.n);
}

static void
test_every_size(void **state)
{
    struct object o[3];

    (void)state;
    for (size_t n = 1; n <= MOST; n++) {
        for (unsigned char i = 0; i < 3; i++)
            o[i] = object_new(n, i);
        for (unsigned char i = 0; i < 3; i++)
            object_free(o[i], i);
    }
    rd_pool_put(NULL, 100);
}

static void
test_many_at_once(void **state)
{
    static struct object o[MANY];

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++)
            o[i] = object_new(i % 2 ? 200 : 2048, (unsigned char)i);
        for (size_t i = 0; i < MANY; i++)
            object_free(o[i], (unsigned char)i);
    }
}

static void *
free_all(void *arg)
{
    struct object *o = arg;

    for (size_t i = 0; i < MANY; i++)
        object_free(o[i], (unsigned char)i);
    return NULL;
}

/* What other threads freed, and what they still kept at their end, comes back. */
static void
test_objects_freed_elsewhere_come_back(void **state)
{
    static struct object o[MANY];
    unsigned known = 0;
    void *first[MANY];
    pthread_t t;

    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < MANY; i++)
            o[i] = object_new(333, (unsigned char)i);
        for (size_t i = 0; round == 0 && i < MANY; i++)
            first[i] = o[i].p;
        for (size_t i = 0; round == 19 && i < MANY; i++)
            for (size_t k = 0; k < MANY; k++)
                known += o[i].p == first[k];
        assert_int_equal(pthread_create(&t, NULL, free_all, o), 0);
        pthread_join(t, NULL);
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(RD_TSAN)
    assert_in_range(known, MANY - 64, MANY);    /* but what the last slab still held */
#endif
}

/* ---- several threads at once -------------------------------------------------------------- */

#define SLOTS 64

static struct {
    pthread_mutex_t lock;
    struct object o;
    unsigned char fill;
} slots[SLOTS];

/* Each swaps an object of its own with one that lies there, and frees that. */
static void *
swap_main(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    size_t turns = scaled(2000000, 20000);

    for (size_t i = 0; i < turns; i++) {
        unsigned k = (unsigned)rand_r(&seed), at = k % SLOTS;
        struct object own = object_new(1 + (k >> 8) % 600, (unsigned char)k), old;
        unsigned char fill;

        pthread_mutex_lock(&slots[at].lock);
        old = slots[at].o;
        fill = slots[at].fill;
        slots[at].o = own;
        slots[at].fill = (unsigned char)k;
        pthread_mutex_unlock(&slots[at].lock);
        object_free(old, fill);
    }
    return NULL;
}

static void
test_threads_that_free_each_others_objects(void **state)
{
    unsigned seeds[THREADS];
    pthread_t t[THREADS];

    (void)state;
    for (unsigned i = 0; i < SLOTS; i++)
        pthread_mutex_init(&slots[i].lock, NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = (unsigned)i + 1;
        assert_int_equal(pthread_create(&t[i], NULL, swap_main, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    for (unsigned i = 0; i < SLOTS; i++) {
        object_free(slots[i].o, slots[i].fill);
        pthread_mutex_destroy(&slots[i].lock);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_objects_freed_elsewhere_come_back),
        cmocka_unit_test(test_threads_that_free_each_others_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
