/*
** tasks.c: the task scheduler. A task is one Lua coroutine that the scheduler owns; main is task 0. Tasks form a tree:
** one that ends cancels what it spawned and left running. A task runs until it waits: for a reply of the host, for
** another task, or until somebody wakes it. Waiting is leaving the coroutine by wait_out(); turn.c runs who is ready.
*/

static int is_open(const Task *t) { return t->state < TASK_DONE; }

static Task *check_task(lua_State *L, int arg) {
  Task *t = lua_touserdata(L, arg);
  if (t != NULL && lua_getmetatable(L, arg)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_TASK);
    int same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (same) return t;
  }
  luaL_typeerror(L, arg, "task");
  return NULL;
}

/* Push the task's userdata; only for open tasks. */
static void push_task(lua_State *L, Task *t) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_TASKS);
  lua_rawgetp(L, -1, t);
  lua_remove(L, -2);
}

static void make_ready(Task *t) {
  t->state = TASK_READY;
  t->ready_next = NULL;
  if (S.ready == NULL) S.ready = t; else S.ready_last->ready_next = t;
  S.ready_last = t;
}

static void unqueue(Task *t) {
  Task **at = &S.ready, *last = NULL;
  while (*at != NULL && *at != t) {
    last = *at;
    at = &(*at)->ready_next;
  }
  if (*at == t) {
    *at = t->ready_next;
    if (S.ready_last == t) S.ready_last = last;
  }
}

/* Raise the host's kind of error: a table with the Error metatable. */
static int raise_error(lua_State *L, const char *kind, const char *message) {
  lua_createtable(L, 0, 3);
  lua_pushstring(L, kind);
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, message);
  lua_setfield(L, -2, "message");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "retryable");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_ERROR);
  lua_setmetatable(L, -2);
  return lua_error(L);
}

/* Where the script's own code on this stack stands, for the report. */
static void note_where(lua_State *co) {
  lua_Debug ar;
  const char *source = "";
  S.line = trace_where(co, &source, &ar) ? ar.currentline : 0;
  snprintf(S.source, sizeof S.source, "%s", source);
}

/*
** Is the value at idx the error that S.trace tells of, raised again in `co`? The same text may be that of another error,
** which did not come from further inside: then this coroutine was given none.
*/
static int is_raised(lua_State *L, int idx, lua_State *co) {
  idx = lua_absindex(L, idx);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_RAISED);
  int same = lua_rawequal(L, idx, -1) && !lua_isnil(L, idx) && (S.raised_to == co || lua_type(L, idx) == LUA_TTABLE);
  lua_pop(L, 1);
  return same;
}

/*
** The error on top of `co` begins its way out: keep what the stack was. If it is the error that was noted before, it
** came from further inside, and that trace goes first.
*/
static void note_raised(lua_State *L, lua_State *co, const char *title) {
  int again = 0;
  if (lua_checkstack(L, 3)) {
    lua_pushvalue(co, -1);
    lua_xmove(co, L, 1);
    again = is_raised(L, -1, co);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY_RAISED);
    S.raised_to = L;
  }
  if (!again) {
    S.trace.len = 0;
    note_where(co);
  }
  if (again || co != S.main->co) trace_add(&S.trace, "\n%s", title);
  trace_thread(&S.trace, co, 0);
}

/* Can a wait leave from here? Every coroutine between here and the turn loop must be able to yield. */
static int can_wait(lua_State *L) {
  if (S.current == NULL || S.current->state == TASK_CLOSING || !lua_isyieldable(L)) return 0;
  for (const Frame *f = S.frames; f != NULL; f = f->up)
    if (!lua_isyieldable(f->from)) return 0;
  return 1;
}

/* Leave for the turn loop; k runs when the task is resumed. The task's state says what it waits for. */
static int wait_out(lua_State *L, TaskState state, lua_KFunction k) {
  S.current->state = (uint8_t)state;
  S.passing = 1;
  inner_of(L) = COROUTINE_WAITS;
  return lua_yieldk(L, 0, 0, k);
}

static void need_wait(lua_State *L, const char *what) {
  if (!can_wait(L))
    raise_here(L, "cannot %s inside a sort comparator, a gsub callback, a finalizer, __close of a cancelled task "
                  "or another function that Lua cannot suspend", what);
}

/* ---- the tree ---- */

static void link_child(Task *parent, Task *t) {
  t->parent = parent;
  t->next = parent->child;
  if (t->next != NULL) t->next->prev = t;
  parent->child = t;
}

static void unlink_child(Task *t) {
  if (t->prev != NULL) t->prev->next = t->next;
  else if (t->parent != NULL) t->parent->child = t->next;
  if (t->next != NULL) t->next->prev = t->prev;
  t->prev = t->next = NULL;
}

static void stop_awaiting(Task *t) {
  Task *target = t->awaits;
  if (target == NULL) return;
  if (t->wait_prev != NULL) t->wait_prev->wait_next = t->wait_next;
  else target->waiters = t->wait_next;
  if (t->wait_next != NULL) t->wait_next->wait_prev = t->wait_prev;
  t->awaits = t->wait_prev = t->wait_next = NULL;
}

/* A warning of the scheduler's, that the host shows. */
static void note(const char *format, ...) {
  static int count = 0;
  char line[300];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (n >= (int)sizeof line) n = (int)sizeof line - 1;
  if (n <= 0 || ++count > MAX_WARNINGS + 1) return;
  if (count > MAX_WARNINGS) n = snprintf(line, sizeof line, "(no more warnings about tasks are shown)");
  uint8_t head[3] = {0xda, (uint8_t)(n >> 8), (uint8_t)n};
  if (buffer_reserve(&S.notes, (size_t)n + 3)) {
    buffer_add(&S.notes, head, 3);
    buffer_add(&S.notes, line, (size_t)n);
    S.nnotes++;
  }
}

/* "task 3" or "task 3 'name'" of the task on top, which is popped, in a buffer of the caller's. */
static const char *label_top(lua_State *L, char *text, size_t size) {
  const Task *t = lua_touserdata(L, -1);
  lua_getiuservalue(L, -1, UV_NAME);
  const char *name = lua_tostring(L, -1);
  if (t == S.main) snprintf(text, size, "main");
  else if (name != NULL) snprintf(text, size, "task %lld '%.60s'", (long long)t->id, name);
  else snprintf(text, size, "task %lld", (long long)t->id);
  lua_pop(L, 2);
  return text;
}

/* The same of an open task. */
static const char *task_label(lua_State *L, Task *t, char *text, size_t size) {
  push_task(L, t);
  return label_top(L, text, size);
}

static void cancel_tree(lua_State *L, Task *t);

/*
** A group is a table {taken = 0, ended = 0, size = 0, waiter = false}, all of whose fields are there from the start: as
** many of its members as `ended` stand in it in the order in which they ended, `taken` of those were taken. The tasks of
** one with `quiet = true` belong to main; nobody is warned when they are cancelled with it, or theirs with them.
*/
static lua_Integer get_count(lua_State *L, int group, const char *name) {
  lua_getfield(L, group, name);
  lua_Integer count = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return count;
}

static void set_count(lua_State *L, int group, const char *name, lua_Integer count) {
  group = lua_absindex(L, group);
  lua_pushinteger(L, count);
  lua_setfield(L, group, name);
}

/* A slot for one more member: nothing may run out of memory half way when that one ends. */
static void group_reserve(lua_State *L, int group) {
  lua_Integer size = get_count(L, group, "size") + 1;
  lua_pushboolean(L, 0);
  lua_rawseti(L, group, size);
  set_count(L, group, "size", size);
}

/* The task at this index, a member of the group on top, has ended. */
static void group_add(lua_State *L, int task) {
  lua_Integer place = get_count(L, -1, "ended") + 1;
  lua_pushvalue(L, task);
  lua_rawseti(L, -2, place);
  set_count(L, -1, "ended", place);
  lua_getfield(L, -1, "waiter");
  Task *w = lua_touserdata(L, -1);
  if (w != NULL && w->state == TASK_PARKED) make_ready(w);
  lua_pop(L, 1);
}

/* Tell the groups that have joined the task on top. */
static void tell_joined(lua_State *L) {
  int task = lua_gettop(L);
  if (lua_getiuservalue(L, task, UV_JOINED) == LUA_TTABLE) {
    lua_pushnil(L);
    while (lua_next(L, -2)) {
      lua_pop(L, 1);
      group_add(L, task);
    }
  }
  lua_settop(L, task);
}

/* The task has ended with `state`: tell who waits, let go of it. Its children are cancelled before. */
static void task_ended(lua_State *L, Task *t, TaskState state) {
  t->state = (uint8_t)state;
  inner_of(t->co) = COROUTINE_ENDED;
  S.open_tasks--;
  for (Task *w = t->waiters, *next; w != NULL; w = next) {
    next = w->wait_next;
    w->awaits = w->wait_prev = w->wait_next = NULL;
    make_ready(w);
  }
  t->waiters = NULL;
  unlink_child(t);
  push_task(L, t); /* [task] */
  tell_joined(L);
  if (lua_getiuservalue(L, -1, UV_GROUP) == LUA_TTABLE) { /* a group gets its members in the order they end */
    group_add(L, lua_gettop(L) - 1);
  } else if (state == TASK_FAILED && t->parent != NULL && !t->observed) {
    push_task(L, t->parent); /* an error that nobody may ever await must not be lost: the parent keeps one */
    Task *kept = lua_getiuservalue(L, -1, UV_LOST) == LUA_TUSERDATA ? lua_touserdata(L, -1) : NULL;
    lua_pop(L, 1);
    if (kept == NULL || kept->observed) {
      lua_pushvalue(L, -3);
      lua_setiuservalue(L, -2, UV_LOST);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
  t->parent = NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_TASKS);
  lua_pushnil(L);
  lua_rawsetp(L, -2, t);
  lua_pop(L, 1);
}

/* The task waits no more: for the host, for another task, or for its turn. */
static void leave_wait(lua_State *L, Task *t) {
  if (t->state == TASK_CALL) {
    uint8_t item[9] = {0xd3};
    for (int i = 0; i < 8; i++) item[1 + i] = (uint8_t)((uint64_t)t->call >> (56 - 8 * i));
    if (buffer_reserve(&S.cancelled, sizeof item)) {
      buffer_add(&S.cancelled, item, sizeof item);
      S.ncancelled++;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_CALLS);
    lua_pushnil(L);
    lua_rawseti(L, -2, t->call);
    lua_pop(L, 1);
    S.open_calls--;
  } else if (t->state == TASK_READY) {
    unqueue(t);
  } else if (t->state == TASK_AWAIT) {
    stop_awaiting(t);
  }
}

/* Close the coroutines of a waiting task from the innermost out, up to `last`, so that <close> variables run. */
static void close_waiting(lua_State *L, Task *t, lua_State *last) {
  leave_wait(L, t);
  t->state = TASK_CLOSING;
  Task *running = S.current;
  Frame *frames = S.frames;
  S.current = t;
  S.frames = NULL;
  for (;;) {
    lua_State *outer = NULL, *co = last;
    for (lua_State *inner; (inner = passes_through(co)) != NULL; co = inner) outer = co;
    inner_of(co) = NULL;
    if (lua_closethread(co, L) != LUA_OK) {
      char label[96];
      lua_xmove(co, L, 1);
      if (lua_istable(L, -1)) { /* as the host's errors are */
        lua_pushliteral(L, "message");
        lua_rawget(L, -2);
        lua_replace(L, -2);
      }
      const char *what = lua_tostring(L, -1);
      note("error while closing %s: %s", task_label(L, t, label, sizeof label), what ? what : "(not a string)");
      lua_pop(L, 1);
    }
    if (outer == NULL) break;
    inner_of(outer) = COROUTINE_WAITS;
  }
  S.current = running;
  S.frames = frames;
}

/* Close one open task that is not running. */
static void cancel_one(lua_State *L, Task *t) {
  close_waiting(L, t, t->co);
  task_ended(L, t, TASK_CANCELLED);
}

/*
** Leaves first, without recursion: a script can nest tasks as deep as the limit on their number. What a leaf runs as it
** closes can cancel others, but none above it.
*/
static void cancel_children(lua_State *L, Task *t) {
  for (Task *at = t; at != t || t->child != NULL;) {
    while (at->child != NULL) at = at->child;
    Task *above = at->parent;
    cancel_one(L, at);
    at = above;
  }
}

static void cancel_tree(lua_State *L, Task *t) {
  cancel_children(L, t);
  cancel_one(L, t);
}

static void leave_children(lua_State *L, Task *t) {
  int left = 0;
  char label[96];
  for (Task *c = t->child; c != NULL; c = c->next) left += !c->quiet;
  if (left > 0 && !t->quiet)
    note("%s ended while %d task%s that it spawned still ran: cancelled (await them, or cancel them yourself)",
         task_label(L, t, label, sizeof label), left, left == 1 ? "" : "s");
  cancel_children(L, t);
}

static Task *new_task(lua_State *L, Task *parent, lua_State *co) {
  Task *t = lua_newuserdatauv(L, sizeof *t, UV_COUNT);
  memset(t, 0, sizeof *t);
  t->co = co;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_TASK);
  lua_setmetatable(L, -2);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_TASKS);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, t); /* the last that may run out of memory: only now it is a task */
  lua_pop(L, 1);
  t->id = S.next_task++;
  if (parent != NULL) link_child(parent, t);
  S.open_tasks++;
  return t;
}

/* ---- what the prelude builds Task on ---- */

/* spawn(f, group | nil, name | nil, ...) -> task, or nothing when too many are open */
static int sched_spawn(lua_State *L) {
  int nargs = lua_gettop(L) - 3;
  luaL_checkany(L, 3);
  if (S.current == NULL || S.current->state == TASK_CLOSING)
    return raise_here(L, "cannot spawn a task while its parent is being closed");
  if (S.open_tasks >= S.max_tasks) return 0; /* the prelude asks the host to end the run */
  luaL_checkstack(L, nargs + 6, "too many arguments for a task");
  lua_State *co = lua_newthread(L); /* f group name args... thread */
  inner_of(co) = NULL;
  if (!lua_checkstack(co, nargs + 1)) return raise_here(L, "too many arguments for a task");
  lua_pushvalue(L, 1);
  for (int i = 0; i < nargs; i++) lua_pushvalue(L, 4 + i);
  lua_xmove(L, co, nargs + 1);
  int quiet = 0;
  if (lua_istable(L, 2)) { /* a slot for when it ends */
    lua_getfield(L, 2, "quiet");
    quiet = lua_toboolean(L, -1);
    lua_pop(L, 1);
    group_reserve(L, 2);
  }
  Task *t = new_task(L, quiet ? S.main : S.current, co); /* ... thread task */
  t->quiet = (uint8_t)quiet;
  t->nargs = nargs;
  lua_pushvalue(L, -2);
  lua_setiuservalue(L, -2, UV_THREAD);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, UV_GROUP);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, UV_NAME);
  make_ready(t);
  return 1;
}

/*
** join(task, group): the task, whoever spawned it, is a member of this group too. What it belongs to stays as it is: its
** parent cancels it, and is told of an error that nobody has seen.
*/
static int sched_join(lua_State *L) {
  Task *t = check_task(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  if (t == S.current) return raise_here(L, "a task cannot await itself");
  group_reserve(L, 2);
  if (!is_open(t)) {
    group_add(L, 1);
    return 0;
  }
  if (lua_getiuservalue(L, 1, UV_JOINED) != LUA_TTABLE) { /* weak: who waited may be gone long before the task ends */
    lua_pop(L, 1);
    lua_newtable(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_WEAK);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, UV_JOINED);
  }
  lua_pushvalue(L, 2);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  return 0;
}

/* Keep with the failed task where its error came from. Tasks that passed one error on hold one text between them. */
static void keep_trace(lua_State *L, Task *t) {
  t->line = S.line;
  memcpy(t->source, S.source, sizeof t->source);
  if (t == S.main) return; /* it is told at once */
  push_task(L, t);
  size_t len;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_TRACE);
  const char *last = lua_tolstring(L, -1, &len);
  if (last == NULL || len != S.trace.len || memcmp(last, S.trace.data, len) != 0) {
    lua_pop(L, 1);
    lua_pushlstring(L, (const char *)S.trace.data, S.trace.len);
  }
  lua_setiuservalue(L, -2, UV_TRACE);
  lua_pop(L, 1);
}

/* The error of the failed task at this index is raised again: what was kept with it goes before what is added now. */
static void take_trace(lua_State *L, int task) {
  const Task *t = lua_touserdata(L, task);
  size_t len;
  lua_getiuservalue(L, task, UV_TRACE);
  const char *text = lua_tolstring(L, -1, &len);
  S.trace.len = 0;
  if (text != NULL) buffer_add(&S.trace, text, len);
  S.line = t->line;
  memcpy(S.source, t->source, sizeof S.source);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY_TRACE);
}

/* Push what the ended task gave: its results (count), or raise its error. */
static int deliver(lua_State *L, Task *t) {
  t->observed = 1;
  if (t->state == TASK_DONE) {
    int n = lua_gettop(t->co);
    luaL_checkstack(L, n + 1, "too many results");
    for (int i = 1; i <= n; i++) {
      lua_pushvalue(t->co, i);
      lua_xmove(t->co, L, 1);
    }
    return n;
  }
  if (t->state == TASK_CANCELLED) {
    char label[96], message[128];
    lua_pushvalue(L, 1);
    snprintf(message, sizeof message, "%s was cancelled", label_top(L, label, sizeof label));
    return raise_error(L, "cancelled", message);
  }
  lua_pushvalue(t->co, -1);
  lua_xmove(t->co, L, 1); /* the error */
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY_RAISED); /* its trace goes first if this one is not caught either */
  S.raised_to = L;
  take_trace(L, 1);
  if (S.line == 0) note_where(L); /* nothing of the script's own was on its stack: then here */
  return lua_error(L);
}

static int await_task_k(lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  inner_of(L) = NULL;
  return deliver(L, check_task(L, 1));
}

/* await(task) -> its results, or its error */
static int sched_await(lua_State *L) {
  Task *t = check_task(L, 1);
  lua_settop(L, 1);
  if (!is_open(t)) return deliver(L, t);
  if (t == S.current) return raise_here(L, "a task cannot await itself");
  need_wait(L, "await a task");
  Task *me = S.current;
  me->awaits = t;
  me->wait_prev = NULL;
  me->wait_next = t->waiters;
  if (t->waiters != NULL) t->waiters->wait_prev = me;
  t->waiters = me;
  return wait_out(L, TASK_AWAIT, await_task_k);
}

static int group_take_k(lua_State *L, int status, lua_KContext ctx);

/* take(group) -> the next member that ended, in the order they ended */
static int group_take(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_Integer taken = get_count(L, 1, "taken");
  if (taken < get_count(L, 1, "ended")) {
    lua_rawgeti(L, 1, ++taken);
    set_count(L, 1, "taken", taken);
    lua_pushboolean(L, 0); /* let go of it; false keeps the sequence whole */
    lua_rawseti(L, 1, taken);
    return 1;
  }
  need_wait(L, "wait for tasks");
  push_task(L, S.current);
  lua_setfield(L, 1, "waiter");
  return wait_out(L, TASK_PARKED, group_take_k);
}

static int group_take_k(lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  inner_of(L) = NULL;
  lua_pushnil(L);
  lua_setfield(L, 1, "waiter");
  return group_take(L);
}

/* Is the task, or one beneath it, on the C stack? It is when it cancels a task whose variables close right now. */
static int is_running(const Task *top) {
  for (const Task *t = top; t != NULL;) {
    if (t->state == TASK_RUNNING || t->state == TASK_CLOSING) return 1;
    if (t->child != NULL) {
      t = t->child;
      continue;
    }
    while (t != top && t->next == NULL) t = t->parent;
    t = t == top ? NULL : t->next;
  }
  return 0;
}

/* cancel(task): a task above the running one, or itself, is closed by the turn loop, which this one leaves for. */
static int sched_cancel(lua_State *L) {
  Task *t = check_task(L, 1);
  t->observed = 1; /* also of a task that has failed: nobody wants to know */
  if (!is_open(t) || t->state == TASK_CLOSING) return 0;
  int above = 0;
  for (Task *up = S.current; up != NULL; up = up->parent) above |= up == t;
  if (!above) {
    if (is_running(t)) return raise_here(L, "cannot cancel a task from code that it runs by closing another one");
    cancel_tree(L, t);
    return 0;
  }
  if (t == S.main) return raise_here(L, "the main task cannot be cancelled: return from it, or raise an error");
  need_wait(L, "cancel the running task");
  S.cancel = t;
  return wait_out(L, TASK_PARKED, NULL); /* and never comes back */
}

static int sched_park_k(lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  inner_of(L) = NULL;
  return 0;
}

/* park(): waits until somebody wakes this task. What it waits for it must look at again then. */
static int sched_park(lua_State *L) {
  need_wait(L, "wait for another task");
  return wait_out(L, TASK_PARKED, sched_park_k);
}

/* wake(task): has no effect on a task that is not parked. */
static int sched_wake(lua_State *L) {
  Task *t = check_task(L, 1);
  if (t->state == TASK_PARKED) make_ready(t);
  return 0;
}

/* interrupt(task, co): close the coroutine, in which the task waits; the task goes on where it had resumed it. */
static int sched_interrupt(lua_State *L) {
  Task *t = check_task(L, 1);
  lua_State *co = lua_tothread(L, 2), *outer = t->co;
  if (!is_open(t) || t->state == TASK_RUNNING || t->state == TASK_CLOSING) return 0;
  while (outer != NULL && passes_through(outer) != co) outer = passes_through(outer);
  if (outer == NULL) return 0;
  close_waiting(L, t, co);
  make_ready(t);
  return 0;
}

/* status(task) -> "ready" | "running" | "waiting" | "done" | "failed" | "cancelled" */
static int sched_status(lua_State *L) {
  static const char *const names[] = {"ready", "running", "waiting", "waiting", "waiting", "running",
                                      "done", "failed", "cancelled"};
  lua_pushstring(L, names[check_task(L, 1)->state]);
  return 1;
}

/* outcome(task) -> did it end well? Its error, if any, counts as seen. */
static int sched_outcome(lua_State *L) {
  Task *t = check_task(L, 1);
  t->observed = 1;
  lua_pushboolean(L, t->state == TASK_DONE);
  return 1;
}

static int sched_id(lua_State *L) {
  lua_pushinteger(L, check_task(L, 1)->id);
  return 1;
}

static int sched_current(lua_State *L) {
  if (S.current == NULL) lua_pushnil(L); else push_task(L, S.current);
  return 1;
}

static int sched_can_wait(lua_State *L) {
  lua_pushboolean(L, can_wait(L));
  return 1;
}

/* check_wait(): raises an error where tasks cannot be waited for */
static int sched_check_wait(lua_State *L) {
  need_wait(L, "wait for tasks");
  return 0;
}

static const luaL_Reg sched_functions[] = {
  {"spawn", sched_spawn}, {"join", sched_join}, {"await", sched_await}, {"take", group_take}, {"cancel", sched_cancel},
  {"status", sched_status}, {"outcome", sched_outcome}, {"id", sched_id}, {"current", sched_current},
  {"can_wait", sched_can_wait}, {"check_wait", sched_check_wait}, {"park", sched_park}, {"wake", sched_wake},
  {"interrupt", sched_interrupt}, {NULL, NULL}
};
