/* step_route.c - ROUTE: is there anything at this path? No script is asked. */
#include "gateway/exchange.h"
#include "gateway/route.h"

enum rd_next rd_step_route(struct rd_exchange *x);

enum rd_next
rd_step_route(struct rd_exchange *x)
{
    const struct rd_http_request *r = &x->request;

    x->path = rd_route_path(x->config, r->path);
    if (!rd_route_any(x->config, x->path))
        return rd_exchange_refuse(x, 404, RD_OUTCOME_refused);
    if (!rd_slice_eq(r->method, RD_LIT("POST")) && !rd_slice_eq(r->method, RD_LIT("GET")))
        return rd_exchange_refuse(x, 405, RD_OUTCOME_refused);
    return RD_MORE;
}
