/* The corpus of the fuzz target segments, replayed. */
#include "../../fuzz/segments.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay.h"

static void
the_corpus_of_segments_is_replayed(void **state)
{
    (void)state;
    replay_corpus("segments", LLVMFuzzerTestOneInput);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_of_segments_is_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
