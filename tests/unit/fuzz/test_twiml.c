/* The corpus of the fuzz target twiml, replayed. */
#include "../../fuzz/twiml.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay.h"

static void
the_corpus_of_twiml_is_replayed(void **state)
{
    (void)state;
    replay_corpus("twiml", LLVMFuzzerTestOneInput);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_of_twiml_is_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
