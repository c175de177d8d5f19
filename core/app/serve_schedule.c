/* serve_schedule.c - main looks once a second whether a scheduled handler is due. */
#include "app/process.h"
#include "base/clock.h"
#include "gateway/schedule.h"

#define SCHEDULE_LOOK_MS 1000    /* how late a tick may begin; also how soon a set clock is seen */

static void
schedule_on_timer(uv_timer_t *timer)
{
    struct rd_process *p = timer->data;

    RD_CHECK(p, RD_PROCESS_MAGIC);
    rd_schedule_tick(p->schedule, rd_clock_wall());
}

void
rd_process_start_schedule(struct rd_process *p)
{
    if (p->schedule == NULL) {
        p->schedule = rd_schedule_new(&p->gateway, &p->mailbox);
        uv_timer_init(&p->loop, &p->schedule_timer);
        p->schedule_timer.data = p;
    }
    rd_schedule_install(p->schedule, p->generation, rd_clock_wall());
    if (rd_schedule_is_empty(p->schedule))
        uv_timer_stop(&p->schedule_timer);
    else
        uv_timer_start(&p->schedule_timer, schedule_on_timer, SCHEDULE_LOOK_MS, SCHEDULE_LOOK_MS);
}

void
rd_process_stop_schedule(struct rd_process *p)
{
    if (p->schedule == NULL)
        return;
    rd_schedule_stop(p->schedule);
    uv_timer_stop(&p->schedule_timer);
}
