/*
** coroutines.c: the coroutine library, through which host calls pass.
**
** A wait inside a coroutine of the script must reach the turn loop without its `resume` seeing it. So when
** lua_resume comes back with LUA_YIELD while a wait is passing, `resume` yields its own coroutine with a continuation,
** and that continuation resumes the same coroutine again. inner_of() records the way for cancelling and for
** refusing to resume or close a coroutine that waits.
**
** A task's own coroutine (the script's main chunk among them) looks like the main thread to the script.
*/

/* The coroutine that a wait of this one comes from, or NULL when it is its own, or none. */
static lua_State *passes_through(lua_State *co) {
  lua_State *inner = inner_of(co);
  return inner == COROUTINE_WAITS || inner == COROUTINE_ENDED ? NULL : inner;
}

static lua_State *get_coroutine(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  return co;
}

static int is_task_base(lua_State *L) {
  return S.current != NULL && S.current->co == L;
}

/* Note what the coroutine's stack looked like when it failed, beside the error, for the report if nothing catches it. */
static void note_raised(lua_State *L, lua_State *co, const char *title);

static const char *const status_names[] = {"running", "dead", "suspended", "normal"};
enum { CO_RUNNING, CO_DEAD, CO_SUSPENDED, CO_NORMAL };

static int coroutine_status(lua_State *L, lua_State *co) {
  lua_Debug ar;
  if (L == co) return CO_RUNNING;
  if (inner_of(co) == COROUTINE_ENDED) return CO_DEAD;
  if (inner_of(co) != NULL) return CO_NORMAL; /* waits for the host, or resumed one that does */
  switch (lua_status(co)) {
    case LUA_YIELD: return CO_SUSPENDED;
    case LUA_OK:
      if (lua_getstack(co, 0, &ar)) return CO_NORMAL;
      return lua_gettop(co) == 0 ? CO_DEAD : CO_SUSPENDED;
    default: return CO_DEAD;
  }
}

/* lua_resume, with a frame in the chain that can_wait() walks. */
static int resume_step(lua_State *L, lua_State *co, int narg, int *nres) {
  Frame frame = {L, co, S.frames};
  S.frames = &frame;
  int status = lua_resume(co, L, narg, nres);
  S.frames = frame.up;
  return status;
}

/*
** Move what `co` gave to L: the count, or -1 with an error value on top, or PASS when a wait is passing through.
*/
#define PASS (-2)
static int resume_results(lua_State *L, lua_State *co, int status, int nres) {
  if (status == LUA_YIELD && S.passing) {
    inner_of(L) = co;
    return PASS;
  }
  if (l_likely(status == LUA_OK || status == LUA_YIELD)) {
    if (l_unlikely(!lua_checkstack(L, nres + 1))) {
      lua_pop(co, nres);
      lua_pushliteral(L, "too many results to resume");
      return -1;
    }
    lua_xmove(co, L, nres);
    return nres;
  }
  if (status == LUA_ERRRUN) note_raised(L, co, "in coroutine:");
  lua_xmove(co, L, 1);
  return -1;
}

static int resume_first(lua_State *L, lua_State *co, int narg) {
  int nres = 0;
  if (l_unlikely(!lua_checkstack(co, narg))) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  if (l_unlikely(inner_of(co) != NULL)) {
    lua_settop(L, lua_gettop(L) - narg);
    lua_pushfstring(L, "cannot resume %s coroutine", inner_of(co) == COROUTINE_ENDED ? "dead" : "non-suspended");
    return -1;
  }
  lua_xmove(L, co, narg);
  return resume_results(L, co, resume_step(L, co, narg, &nres), nres);
}

/* After a wait has passed through L: go on with the coroutine that it came from. */
static int resume_again(lua_State *L, lua_State *co) {
  int nres = 0;
  inner_of(L) = NULL;
  return resume_results(L, co, resume_step(L, co, 0, &nres), nres);
}

static int co_resume_k(lua_State *L, int status, lua_KContext ctx);

static int co_resume_end(lua_State *L, int r) {
  if (r == PASS) return lua_yieldk(L, 0, 0, co_resume_k);
  lua_pushboolean(L, r >= 0);
  if (r < 0) r = 1;
  lua_insert(L, -(r + 1));
  return r + 1;
}

static int co_resume_k(lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  return co_resume_end(L, resume_again(L, lua_tothread(L, 1)));
}

static int co_resume(lua_State *L) {
  lua_State *co = get_coroutine(L);
  return co_resume_end(L, resume_first(L, co, lua_gettop(L) - 1));
}

static int co_wrap_k(lua_State *L, int status, lua_KContext ctx);

static int co_wrap_end(lua_State *L, lua_State *co, int r) {
  if (r == PASS) return lua_yieldk(L, 0, 0, co_wrap_k);
  if (l_likely(r >= 0)) return r;
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) { /* an error inside: close its variables */
    status = lua_closethread(co, L);
    lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) { /* say where, as Lua does */
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_RAISED);
    int noted = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
    if (noted) { /* the value has changed, its trace has not */
      lua_pushvalue(L, -1);
      lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY_RAISED);
    }
  }
  return lua_error(L);
}

static int co_wrap_k(lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  return co_wrap_end(L, co, resume_again(L, co));
}

static int co_wrap_call(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  return co_wrap_end(L, co, resume_first(L, co, lua_gettop(L)));
}

static int co_create(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

static int co_wrap(lua_State *L) {
  co_create(L);
  lua_pushcclosure(L, co_wrap_call, 1);
  return 1;
}

static int co_yield(lua_State *L) {
  if (is_task_base(L)) return luaL_error(L, "attempt to yield from outside a coroutine");
  return lua_yield(L, lua_gettop(L));
}

static int co_status(lua_State *L) {
  lua_pushstring(L, status_names[coroutine_status(L, get_coroutine(L))]);
  return 1;
}

static int co_isyieldable(lua_State *L) {
  lua_State *co = lua_isnone(L, 1) ? L : get_coroutine(L);
  lua_pushboolean(L, !is_task_base(co) && lua_isyieldable(co));
  return 1;
}

static int co_running(lua_State *L) {
  lua_pushthread(L);
  lua_pushboolean(L, is_task_base(L) || L == S.L); /* a finalizer may run on the scheduler's own thread */
  return 2;
}

static int co_close(lua_State *L) {
  lua_State *co = get_coroutine(L);
  int status = coroutine_status(L, co);
  if (status != CO_DEAD && status != CO_SUSPENDED)
    return luaL_error(L, "cannot close a %s coroutine", status_names[status]);
  if (inner_of(co) == COROUTINE_ENDED || lua_closethread(co, L) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(co, L, 1);
  return 2;
}

static const luaL_Reg coroutine_functions[] = {
  {"create", co_create}, {"resume", co_resume}, {"running", co_running}, {"status", co_status},
  {"wrap", co_wrap}, {"yield", co_yield}, {"isyieldable", co_isyieldable}, {"close", co_close},
  {NULL, NULL}
};

static int open_coroutine(lua_State *L) {
  luaL_newlib(L, coroutine_functions);
  return 1;
}
