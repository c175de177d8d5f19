/* Modules come from the scripts' folder only, once, the same for every VM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "script/driver.h"

static char folder[64], root[80];

static void
put(const char *name, const char *text)
{
    char path[160];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int
make_folder(void **state)
{
    char path[160];
    static const char *const below[] = { "", "/lib", "/lua_modules", "/lua_modules/rock" };

    (void)state;
    strcpy(folder, "/tmp/replyd-require-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(root, sizeof root, "%s/scripts", folder);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", root, below[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    put("outside.lua", "return 'outside'");
    put("scripts/lib/prices.lua", "local n = ... return { tea = 3, name = n }");
    put("scripts/lua_modules/rock/init.lua", "return require('lib.prices').tea + 1");
    put("scripts/a.lua", "return require 'b'");
    put("scripts/b.lua", "return require 'c'");
    put("scripts/c.lua", "return require 'a'");
    put("scripts/bad.lua", "\n\nlocal x = = 1");
    put("scripts/fails.lua", "\nerror('in the module')");
    put("scripts/nothing.lua", "local x = 1");
    put("scripts/global.lua", "\nleaked = 1");
    snprintf(path, sizeof path, "%s/link.lua", root);
    assert_int_equal(symlink("../outside.lua", path), 0);
    snprintf(path, sizeof path, "%s/inner.lua", root);
    assert_int_equal(symlink("lib/prices.lua", path), 0);
    driver_set_root(root);
    return 0;
}

static int
remove_folder(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void
modules_are_found_below_the_folder_and_its_lua_modules(void **state)
{
    (void)state;
    assert_string_equal(driver_once("local p = require 'lib.prices' local r = require 'rock' "
                                    "return function() return p.tea .. p.name .. r .. "
                                    "tostring(require 'lib.prices' == p) end", ""),
                        "3lib.prices4true");
    assert_string_equal(driver_once("local p = require 'inner' return function() return p.tea end",
                                    ""), "3");
    assert_string_equal(driver_once("local n = require 'nothing' return function() return "
                                    "tostring(n) end", ""), "true");
}

static void
refuse(const char *script, const char *error)
{
    if (driver_load(script) != NULL)
        fail_msg("loaded: %s", script);
    if (strstr(driver_error(), error) == NULL)
        fail_msg("%s: expected %s, got %s", script, error, driver_error());
}

static void
what_is_wrong_with_a_module_is_told(void **state)
{
    (void)state;
    driver_open("return function() end");
    refuse("require 'a'", "require: a cycle of modules: a -> b -> c -> a");
    refuse("require 'link'", "leads out of");
    refuse("require 'bad'", "/scripts/bad.lua:3: ");
    refuse("require 'fails'", "/scripts/fails.lua:2: in the module");
    refuse("require 'global'", "/scripts/global.lua:2: assignment to undeclared global 'leaked'");
    refuse("require 'lib/prices'", "is no module name");
    refuse("require '.lib'", "is no module name");
    refuse("require ''", "is empty or too long");
    refuse("require 'missing'", "no module 'missing' below");
    refuse("pcall(require, 'fails') pcall(require, 'a') require 'fails'", "2: in the module");
    driver_close();
}

/* A module that changed on disk since is the one that was loaded. */
static void
a_rebuilt_vm_has_the_modules_of_its_generation(void **state)
{
    (void)state;
    driver_open("local p = require 'lib.prices' return function(msg) if msg.body == 'block' then "
                "replyd.debug.block(60) end return p.tea end");
    put("scripts/lib/prices.lua", "return { tea = 99 }");
    (void)driver_start("block");
    driver_wait_lost();
    {
        struct rd_buf why;

        rd_buf_init(&why, 1000);
        assert_int_equal(rd_generation_rebuild(driver_generation, 0, &why), 0);
        rd_buf_free(&why);
    }
    driver_replace_worker();
    assert_string_equal(driver_ask(""), "3");
    driver_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_are_found_below_the_folder_and_its_lua_modules),
        cmocka_unit_test(what_is_wrong_with_a_module_is_told),
        cmocka_unit_test(a_rebuilt_vm_has_the_modules_of_its_generation),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
