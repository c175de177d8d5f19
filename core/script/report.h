/*
 * report.h - what the log says of a run. Private to script/.
 */
#ifndef RD_SCRIPT_REPORT_H
#define RD_SCRIPT_REPORT_H

#include <lua.h>

#include "script/run.h"

/* Message handler of the outermost call: keeps text and traceback in the run, returns the error. */
int rd_report_on_error(lua_State *L);
/* Of a run that wanted memory and has no text of its error: the place, and which limit it was. */
void rd_report_want(struct rd_run *run);
/* The line of an error in a __close of a cancelled handler; its value is on co. */
void rd_report_close(struct rd_run *run, lua_State *co);
/* The text of one that ends because it holds most of a full VM, and its line. */
void rd_report_evicted(struct rd_run *run);
/* What to do about an error with that text, to be put behind it; "" mostly. */
const char *rd_report_advice(const char *text);
/* One line for a handler that failed. */
void rd_report_error(struct rd_run *run);
/* One line when the handler logged more than it may. */
void rd_report_counts(struct rd_run *run);

#endif
