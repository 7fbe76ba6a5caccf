/*
** turn.c: the turn loop and the exports. step(replies) wakes who was answered, runs every ready task until all wait or
** main has ended, and gives back one message: [status, calls, cancelled, notes, value].
**
** Whatever touches Lua here runs protected: outside of that an error of memory would end in a trap.
*/

enum { TURN_WAITING, TURN_DONE, TURN_FAILED };

/* ---- writing messages without Lua ---- */

static void add_text(Buffer *b, const char *s, size_t len) {
  uint8_t head[5] = {0xdb, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
  if (!is_utf8((const uint8_t *)s, len)) head[0] = 0xc6;
  if (buffer_reserve(b, len + sizeof head)) {
    buffer_add(b, head, sizeof head);
    buffer_add(b, s, len);
  }
}

static void add_array(Buffer *b, uint32_t n, const Buffer *items) {
  uint8_t head[5] = {0xdd, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
  buffer_add(b, head, sizeof head);
  if (items != NULL) buffer_add(b, items->data, items->len);
}

static void add_field(Buffer *b, const char *name, const char *text, size_t len) {
  add_text(b, name, strlen(name));
  add_text(b, text, len);
}

static void add_line(Buffer *b, int line) {
  uint8_t item[5] = {0xd2, (uint8_t)(line >> 24), (uint8_t)(line >> 16), (uint8_t)(line >> 8), (uint8_t)line};
  buffer_add(b, item, sizeof item);
}

static void begin_turn(int status) {
  Buffer *b = &S.turn;
  uint8_t head[2] = {0x95, (uint8_t)status};
  b->len = 0;
  b->failed = 0;
  if (status != TURN_WAITING) S.ncalls = 0, S.calls.len = 0; /* nobody waits for them */
  buffer_add(b, head, sizeof head);
  add_array(b, S.ncalls, &S.calls);
  add_array(b, S.ncancelled, &S.cancelled);
  add_array(b, S.nnotes, &S.notes);
  buffer_empty(&S.calls);
  buffer_empty(&S.cancelled);
  buffer_empty(&S.notes);
  S.ncalls = S.ncancelled = S.nnotes = 0;
}

/* ---- how a run fails ---- */

/* {kind, message, source, line, traceback, value?}; S.scratch holds the encoded value, if any. */
static void write_failure(const char *kind, const char *message, size_t len) {
  begin_turn(TURN_FAILED);
  Buffer *b = &S.turn;
  uint8_t head = S.scratch.len > 0 ? 0x86 : 0x85;
  buffer_add(b, &head, 1);
  add_field(b, "kind", kind, strlen(kind));
  add_field(b, "message", message, len);
  add_field(b, "source", S.source, strlen(S.source));
  add_text(b, "line", 4);
  add_line(b, S.line);
  add_field(b, "traceback", (const char *)S.trace.data, S.trace.len);
  if (S.scratch.len > 0) {
    add_text(b, "value", 5);
    buffer_add(b, S.scratch.data, S.scratch.len);
  }
}

/* The turn is written. When a part of it did not fit, memory is out: then the turn says that instead. */
static void seal_turn(void) {
  static uint8_t space[1024];
  static const char memory[] = "not enough memory";
  if (!S.turn.failed) return;
  free(S.turn.data);
  S.turn = (Buffer){space, 0, sizeof space, 1, 0};
  S.scratch.len = S.trace.len = 0;
  write_failure("memory", memory, sizeof memory - 1);
}

/* error value -> kind, message. May raise: errors of memory, and whatever __tostring does. */
static int describe_error(lua_State *L) {
  int is_error = 0;
  if (lua_getmetatable(L, 1)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_ERROR);
    is_error = lua_rawequal(L, -1, -2);
    lua_settop(L, 1);
  }
  if (is_error) {
    lua_pushliteral(L, "kind");
    lua_rawget(L, 1);
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING) return 2;
    lua_settop(L, 1);
  }
  lua_pushliteral(L, "runtime");
  if (lua_isstring(L, 1) || luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL) {
    lua_settop(L, 2);
    luaL_tolstring(L, 1, NULL);
  } else {
    lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  }
  return 2;
}

static int encode_first(lua_State *L) {
  encode(L, 1, &S.scratch);
  return 0;
}

static int is_memory_message(lua_State *L, int idx) {
  const char *s = lua_type(L, idx) == LUA_TSTRING ? lua_tostring(L, idx) : "";
  return strcmp(s, "not enough memory") == 0;
}

/* The run has failed with the error value on top of L. */
static void fail_run(lua_State *L) {
  static const char memory[] = "not enough memory";
  int err = lua_gettop(L);
  free(S.reserve); /* the report must not fail for what the script has used up */
  S.reserve = NULL;
  S.scratch.len = 0;
  if (is_memory_message(L, err)) {
    write_failure("memory", memory, sizeof memory - 1);
    return;
  }
  lua_pushcfunction(L, describe_error);
  lua_pushvalue(L, err);
  int status = lua_pcall(L, 1, 2, 0);
  int top = lua_gettop(L);
  S.scratch.len = 0; /* only now: __tostring may have called the host */
  if (lua_type(L, err) != LUA_TSTRING) {
    lua_pushcfunction(L, encode_first);
    lua_pushvalue(L, err);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) S.scratch.len = 0;
    lua_settop(L, top);
  }
  if (status == LUA_OK) {
    size_t len;
    const char *message = lua_tolstring(L, -1, &len);
    write_failure(lua_tostring(L, -2), message, len < 100000 ? len : 100000);
  } else if (status == LUA_ERRMEM) {
    write_failure("memory", memory, sizeof memory - 1);
  } else {
    static const char broken[] = "(error while describing an error: its __tostring failed)";
    write_failure("runtime", broken, sizeof broken - 1);
  }
}

/* ---- running tasks ---- */

/* The open tasks in pre-order, main first. */
static Task *next_in_tree(Task *t) {
  Task *next = t->child;
  while (next == NULL && t != NULL) {
    next = t->next;
    t = t->parent;
  }
  return next;
}

/* Main waits, nothing is ready and the host owes no reply: say where each task stands. */
static void fail_deadlock(lua_State *L) {
  char label[96], other[96];
  int shown = 0;
  S.trace.len = 0;
  S.line = 0;
  S.source[0] = '\0';
  for (Task *t = S.main; t != NULL; t = next_in_tree(t)) {
    if (shown++ >= 10) continue;
    task_label(L, t, label, sizeof label);
    if (t->awaits != NULL)
      trace_add(&S.trace, "\n%s waits for %s:", label, task_label(L, t->awaits, other, sizeof other));
    else
      trace_add(&S.trace, "\n%s waits for other tasks:", label);
    lua_State *co = t->co;
    for (lua_State *inner; (inner = passes_through(co)) != NULL;) co = inner;
    lua_Debug ar;
    const char *source;
    if ((t == S.main || S.line == 0) && trace_where(co, &source, &ar)) {
      S.line = ar.currentline;
      snprintf(S.source, sizeof S.source, "%s", source);
    }
    trace_thread(&S.trace, co, 0);
  }
  if (shown > 10) trace_add(&S.trace, "\n(and %d more tasks)", shown - 10);
  S.scratch.len = 0;
  static const char message[] = "deadlock: every task waits for another one";
  write_failure("deadlock", message, sizeof message - 1);
}

/* The coroutine of t has failed, its error on top: close what is open in it and let the error stand. */
static void task_failed(lua_State *L, Task *t, int status) {
  char label[96], title[128];
  if (status == LUA_ERRMEM || status == LUA_ERRERR) S.trace.len = 0;
  snprintf(title, sizeof title, "in %s:", task_label(L, t, label, sizeof label));
  note_raised(L, t->co, title);
  t->line = S.line;
  memcpy(t->source, S.source, sizeof t->source);
  Buffer kept = S.trace; /* closing may run code that fails and is caught, and writes another trace */
  memset(&S.trace, 0, sizeof S.trace);
  t->state = TASK_CLOSING;
  lua_pushvalue(t->co, -1);
  lua_xmove(t->co, L, 1);
  lua_closethread(t->co, L);
  lua_pushvalue(t->co, -1);
  lua_xmove(t->co, L, 1);
  int same = lua_rawequal(L, -1, -2) || !lua_rawequal(L, -1, -1); /* NaN is not equal to itself */
  lua_pop(L, 2);
  S.current = NULL;
  cancel_children(L, t);
  free(S.trace.data);
  S.trace = kept;
  if (!same) { /* closing a variable raised another one, and that is what stands */
    trace_add(&S.trace, "\n(of the error before, on whose way out a variable was closed that raised this one)");
    t->line = 0;
    t->source[0] = '\0';
  }
  S.line = t->line;
  memcpy(S.source, t->source, sizeof S.source);
  keep_trace(L, t);
  task_ended(L, t, TASK_FAILED);
}

/* A child failed, nobody looked, and its parent is about to end well: then the parent fails with that error. */
static int take_lost(lua_State *L, Task *t) {
  int lost = 0;
  push_task(L, t);
  if (lua_getiuservalue(L, -1, UV_LOST) == LUA_TUSERDATA) {
    Task *child = lua_touserdata(L, -1);
    if (!child->observed) {
      lost = child->observed = 1;
      lua_settop(t->co, 0);
      lua_pushvalue(child->co, -1);
      lua_xmove(child->co, t->co, 1);
      take_trace(L, lua_gettop(L));
    }
  }
  lua_pop(L, 2);
  return lost;
}

static void run_task(lua_State *L, Task *t) {
  int nres = 0, nargs = t->nargs;
  t->nargs = 0;
  t->state = TASK_RUNNING;
  S.current = t;
  S.frames = NULL;
  int status = lua_resume(t->co, L, nargs, &nres);
  S.passing = 0;
  S.frames = NULL;
  if (status == LUA_YIELD) {
    Task *target = S.cancel;
    S.cancel = NULL;
    S.current = NULL;
    if (target != NULL) cancel_tree(L, target);
    return;
  }
  if (status != LUA_OK) {
    task_failed(L, t, status);
    S.current = NULL;
    return;
  }
  S.current = NULL;
  leave_children(L, t);
  if (take_lost(L, t)) {
    keep_trace(L, t);
    task_ended(L, t, TASK_FAILED);
  } else {
    task_ended(L, t, TASK_DONE);
  }
}

static void take_replies(lua_State *L, const uint8_t *data, size_t len) {
  Reader r = {data, data + len};
  Head list = take_head(L, &r);
  if (list.kind != M_ARRAY) decode_fail(L);
  for (uint64_t i = 0; i < list.n; i++) {
    Head item = take_head(L, &r);
    if (item.kind != M_ARRAY || item.n != 3) decode_fail(L);
    Head id = take_head(L, &r), ok = take_head(L, &r);
    const uint8_t *value = r.at;
    skip_value(L, &r);
    if (id.kind != M_INT || ok.kind != M_BOOL) decode_fail(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_CALLS);
    lua_rawgeti(L, -1, (lua_Integer)id.n);
    Task *t = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (t != NULL && t->state == TASK_CALL) { /* else: cancelled in the meantime */
      lua_pushnil(L);
      lua_rawseti(L, -2, (lua_Integer)id.n);
      t->reply = value;
      t->reply_len = (size_t)(r.at - value);
      t->reply_ok = (uint8_t)ok.n;
      S.open_calls--;
      make_ready(t);
    }
    lua_pop(L, 1);
  }
}

static int turn_body(lua_State *L) {
  const uint8_t *data = lua_touserdata(L, 1);
  size_t len = (size_t)lua_tointeger(L, 2);
  lua_settop(L, 0);
  take_replies(L, data, len);
  while (S.ready != NULL && is_open(S.main)) {
    Task *t = S.ready;
    S.ready = t->ready_next;
    run_task(L, t);
  }
  output_flush();
  lua_State *co = S.main->co;
  if (S.main->state == TASK_DONE) {
    S.scratch.len = 0;
    int n = lua_gettop(co);
    for (int i = 1; i <= n; i++) {
      lua_pushcfunction(L, encode_first);
      lua_pushvalue(co, i);
      lua_xmove(co, L, 1);
      if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        S.trace.len = 0;
        S.line = 0;
        lua_pushfstring(L, "the script's result cannot be given back: %s", lua_tostring(L, -1));
        fail_run(L);
        return 0;
      }
    }
    begin_turn(TURN_DONE);
    add_array(&S.turn, (uint32_t)n, &S.scratch);
    buffer_empty(&S.scratch);
  } else if (S.main->state == TASK_FAILED) {
    lua_pushvalue(co, -1);
    lua_xmove(co, L, 1);
    fail_run(L);
  } else if (S.open_calls == 0) {
    fail_deadlock(L);
  } else {
    uint8_t nil = 0xc0;
    begin_turn(TURN_WAITING);
    buffer_add(&S.turn, &nil, 1);
  }
  return 0;
}

/* ---- the report after a terminal fault ---- */

/*
** Where every task stands: [[label, traceback, source, line], ...], the running one first. Only looks: the state may be
** in the middle of anything, and a trap in here costs no more than the report.
*/
static uint64_t report(void) {
  static uint8_t space[64 << 10];
  static Buffer text = {NULL, 0, 0, 1, 0};
  static uint8_t text_space[TRACE_MAX + 1024];
  Buffer b = {space, 0, sizeof space, 1, 0};
  uint32_t n = 0;
  text.data = text_space;
  text.cap = sizeof text_space;
  add_array(&b, 0, NULL);
  Task *order[16];
  int count = 0;
  if (S.current != NULL) order[count++] = S.current;
  for (Task *t = S.main; t != NULL && count < 16;) { /* the tree in pre-order */
    if (t != S.current) order[count++] = t;
    t = next_in_tree(t);
  }
  for (int i = 0; i < count; i++) {
    Task *t = order[i];
    lua_Debug ar;
    const char *source = "";
    char label[32];
    int line = 0;
    text.len = 0;
    if (t == S.main) snprintf(label, sizeof label, "main");
    else snprintf(label, sizeof label, "task %lld", (long long)t->id);
    if (t == S.current && S.frames != NULL) {
      line = trace_where(S.frames->co, &source, &ar) ? ar.currentline : 0;
      trace_thread(&text, S.frames->co, 0);
      for (Frame *f = S.frames; f != NULL; f = f->up) trace_thread(&text, f->from, 0);
    } else {
      lua_State *chain[32];
      int depth = 0;
      for (lua_State *co = t->co; co != NULL && depth < 32; co = passes_through(co)) chain[depth++] = co;
      line = trace_where(chain[depth - 1], &source, &ar) ? ar.currentline : 0;
      while (depth > 0) trace_thread(&text, chain[--depth], 0);
    }
    uint8_t head = 0x94;
    if (text.len == 0) continue; /* it has not begun */
    if (text.len + 256 > b.cap - b.len) break;
    buffer_add(&b, &head, 1);
    add_text(&b, label, strlen(label));
    add_text(&b, (const char *)text.data, text.len);
    add_text(&b, source, strlen(source));
    add_line(&b, line);
    n++;
  }
  space[4] = (uint8_t)n;
  return ((uint64_t)(uintptr_t)b.data << 32) | b.len;
}

/* ---- exports ---- */

#define EXPORT(name) __attribute__((export_name(name)))

static uint64_t packed(const void *data, size_t len) {
  return ((uint64_t)(uintptr_t)data << 32) | (uint32_t)len;
}

static void release(const uint8_t *message) {
  if (message < mailbox || message >= mailbox + sizeof mailbox) free((void *)message);
}

static int boot_body(lua_State *L) {
  decode(L, lua_touserdata(L, 1), (size_t)lua_tointeger(L, 2));
  luaL_checktype(L, -1, LUA_TTABLE);
  lua_getfield(L, -1, "max_tasks");
  S.max_tasks = (int)luaL_optinteger(L, -1, 1000);
  lua_getfield(L, -2, "whole");
  if (lua_toboolean(L, -1)) open_libraries(L);
  return 0;
}

static uint64_t run_protected(lua_CFunction body, const uint8_t *data, size_t len) {
  lua_State *L = S.L;
  buffer_empty(&S.turn); /* the host has taken the last one */
  lua_settop(L, 0);
  lua_pushcfunction(L, body);
  lua_pushlightuserdata(L, (void *)data);
  lua_pushinteger(L, (lua_Integer)len);
  int status = lua_pcall(L, 2, 0, 0);
  release(data);
  if (status != LUA_OK) {
    if (S.current != NULL && S.trace.len == 0) note_raised(L, S.current->co, "in the scheduler:");
    fail_run(L);
  }
  S.current = NULL;
  S.frames = NULL;
  S.passing = 0;
  seal_turn();
  return packed(S.turn.data, S.turn.len);
}

EXPORT("abi_version") int abi_version(void) { return ABI_VERSION; }

/* A buffer for a message to the guest; 0 when memory is out. boot, load and step take it over. */
EXPORT("alloc") void *guest_export_alloc(size_t len) { return outside_memory(NULL, len); }

/* For a buffer that was never passed on. */
EXPORT("free") void guest_export_free(void *block) { free(block); }

/* {max_tasks, whole} -> the mailbox: replies to step in its first half, replies of `call` in its second. 0: failed. */
EXPORT("boot") uint64_t boot(const uint8_t *data, size_t len) {
  run_protected(boot_body, data, len);
  return S.turn.len == 0 ? packed(mailbox, sizeof mailbox) : 0;
}

static int load_body(lua_State *L) {
  decode(L, lua_touserdata(L, 1), (size_t)lua_tointeger(L, 2));
  lua_replace(L, 1);
  lua_settop(L, 1);
  lua_getfield(L, 1, "seed");
  S.entropy = (uint64_t)lua_tointeger(L, -1);
  lua_getglobal(L, "math");
  lua_getfield(L, -1, "randomseed");
  lua_pushinteger(L, (lua_Integer)guest_entropy());
  lua_call(L, 1, 0);
  lua_settop(L, 1);
  lua_State *co = lua_newthread(L); /* 2 */
  inner_of(co) = NULL;
  size_t size;
  lua_getfield(L, 1, "name");
  lua_getfield(L, 1, "source");
  const char *source = luaL_checklstring(L, -1, &size);
  int status = luaL_loadbufferx(L, source, size, luaL_checkstring(L, 3), "t");
  if (status == LUA_ERRMEM) return lua_error(L);
  if (status != LUA_OK) {
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "syntax");
    lua_setfield(L, -2, "kind");
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "message");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_ERROR);
    lua_setmetatable(L, -2);
    return lua_error(L);
  }
  lua_xmove(L, co, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_SETUP);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1); /* -> the script's arguments, as a table */
  int nargs = (int)lua_rawlen(L, -1);
  luaL_checkstack(co, nargs + 1, "too many arguments");
  for (int i = 1; i <= nargs; i++) {
    lua_rawgeti(L, -1, i);
    lua_xmove(L, co, 1);
  }
  S.main = new_task(L, NULL, co);
  S.main->nargs = nargs;
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, UV_THREAD);
  make_ready(S.main);
  return 0;
}

/* {source, name, args, seed, ...} -> 0, or a failed turn: a syntax error, or no memory for the script. */
EXPORT("load") uint64_t load(const uint8_t *data, size_t len) {
  run_protected(load_body, data, len);
  return S.turn.len != 0 ? packed(S.turn.data, S.turn.len) : 0;
}

/* [[id, ok, value], ...] -> a turn. step(0, 0) gives the report instead, also after a trap. */
EXPORT("step") uint64_t step(const uint8_t *data, size_t len) {
  if (len == 0) return report();
  return run_protected(turn_body, data, len);
}
