// Runs the event loop from inside of JavaScript, as deasync does. Declared by hand, so that
// no headers of Node are needed.

#include <stddef.h>

typedef void *env_t, *value_t, *info_t;
extern int napi_create_function(env_t, const char *, size_t, value_t (*)(env_t, info_t), void *, value_t *);
extern int napi_get_uv_event_loop(env_t, void **);
extern int uv_run(void *, int);

static value_t turn(env_t env, info_t info) {
  void *loop;
  // Without waiting: UV_RUN_NOWAIT.
  if (napi_get_uv_event_loop(env, &loop) == 0) uv_run(loop, 2);
  return NULL;
}

value_t napi_register_module_v1(env_t env, value_t exports) {
  value_t function = NULL;
  napi_create_function(env, "turn", (size_t) -1, turn, NULL, &function);
  return function;
}
