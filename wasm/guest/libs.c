/*
** libs.c: the standard library that a script sees, and what it does not.
*/

/* splitmix64 over the host's seed: the only source of "chance" in the sandbox. */
static uint64_t guest_entropy(void) {
  uint64_t z = (S.entropy += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* load, for text only: crafted bytecode can break the interpreter. */
static int text_load(lua_State *L) {
  const char *mode = luaL_optstring(L, 3, "bt");
  if (lua_gettop(L) < 3) lua_settop(L, 3);
  lua_pushstring(L, strchr(mode, 't') != NULL ? "t" : "");
  lua_replace(L, 3);
  return luaB_load(L);
}

/*
** getinfo, which gives no C function that it finds on the stack: a finalizer may see those of the guest itself there,
** and they are not for scripts to call.
*/
static int safe_getinfo(lua_State *L) {
  int given = lua_isfunction(L, 1) || lua_isfunction(L, 2);
  db_getinfo(L);
  if (!given && lua_istable(L, -1)) {
    lua_getfield(L, -1, "func");
    int hidden = lua_iscfunction(L, -1);
    lua_pop(L, 1);
    if (hidden) {
      lua_pushnil(L);
      lua_setfield(L, -2, "func");
    }
  }
  return 1;
}

/*
** traceback, which shows no more of the prelude than what the script called, and of an error that came from another
** task or coroutine also the way there.
*/
static int safe_traceback(lua_State *L) {
  int arg;
  lua_State *co = getthread(L, &arg);
  const char *message = lua_tostring(L, arg + 1);
  if (message == NULL && !lua_isnoneornil(L, arg + 1)) {
    lua_settop(L, arg + 1); /* what is no text stays as it is */
    return 1;
  }
  lua_Integer level = luaL_optinteger(L, arg + 2, co == L ? 1 : 0);
  lua_settop(L, arg + 1);
  if (message == NULL) {
    lua_pushliteral(L, "");
    lua_replace(L, arg + 1);
  }
  Buffer *b = &S.scratch; /* from here on nothing may collect garbage: finalizers call the host, which uses it too */
  buffer_empty(b);
  trace_add(b, "%sstack traceback:", message != NULL ? "\n" : "");
  if (message != NULL && is_raised(L, arg + 1, co)) {
    char label[96] = "coroutine";
    buffer_add(b, S.trace.data, S.trace.len);
    if (is_task_base(co)) task_label(L, S.current, label, sizeof label);
    trace_add(b, "\nin %s:", label);
  }
  trace_thread(b, co, level < 0 ? 0 : level > INT_MAX ? INT_MAX : (int)level);
  lua_pushlstring(L, (const char *)b->data, b->len);
  buffer_empty(b);
  lua_concat(L, 2);
  return 1;
}

static int io_write(lua_State *L) {
  int n = lua_gettop(L);
  for (int i = 1; i <= n; i++) {
    size_t len;
    const char *s = luaL_checklstring(L, i, &len);
    output_put(s, len);
  }
  output_flush();
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_STDOUT);
  return 1;
}

/* The writing half of io.stderr: unbuffered, as everywhere. */
static int error_write(lua_State *L) {
  int n = lua_gettop(L);
  for (int i = 1; i <= n; i++) {
    size_t len;
    const char *s = luaL_checklstring(L, i, &len);
    llmspell_write(STDERR, s, len);
  }
  return 0;
}

/* warn(), and errors in finalizers: pieces of one message until `more` is 0. */
static void warn_text(void *ud, const char *message, int more) {
  static char line[500] = "Lua warning: ";
  static size_t len = 13;
  static int count = 0;
  (void)ud;
  if (len == 13 && !more && *message == '@') return; /* "@on" and "@off": they are on */
  size_t size = strlen(message), room = sizeof line - 1 - len;
  if (size > room) size = room;
  memcpy(line + len, message, size);
  len += size;
  if (more) return;
  line[len++] = '\n';
  if (++count <= MAX_WARNINGS) llmspell_write(STDERR, line, len);
  if (count == MAX_WARNINGS) llmspell_write(STDERR, "Lua warning: (no more of them are shown)\n", 40);
  len = 13;
}

static int is_listed(const char *name, const char *const *list) {
  for (; *list != NULL; list++)
    if (strcmp(name, *list) == 0) return 1;
  return 0;
}

/* Remove what is (keep = 0) or is not (keep = 1) in the list from a global table, in place. */
static void prune(lua_State *L, const char *table, const char *const *list, int keep) {
  lua_getglobal(L, table);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (is_listed(lua_tostring(L, -1), list) != keep) {
      lua_pushvalue(L, -1);
      lua_pushnil(L);
      lua_rawset(L, -4);
    }
  }
  lua_pop(L, 1);
}

/* Everything that the prelude and the conformance suite may use; also opens again what was closed. */
static void open_libraries(lua_State *L) {
  static const luaL_Reg libs[] = {
    {LUA_GNAME, luaopen_base}, {LUA_COLIBNAME, open_coroutine}, {LUA_TABLIBNAME, luaopen_table},
    {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math}, {LUA_UTF8LIBNAME, luaopen_utf8},
    {LUA_DBLIBNAME, luaopen_debug}, {NULL, NULL}
  };
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE); /* where error messages look for a function's name */
  for (const luaL_Reg *lib = libs; lib->func != NULL; lib++) {
    lua_pushcfunction(L, lib->func);
    lua_pushstring(L, lib->name);
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, lib->name);
    lua_setglobal(L, lib->name);
  }
  lua_newtable(L); /* io: the script's own output; the prelude adds reading */
  lua_pushcfunction(L, io_write);
  lua_setfield(L, -2, "write");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "io");
  lua_setglobal(L, "io");
  lua_pop(L, 1);
  lua_setwarnf(L, warn_text, NULL);
}

/* Take away what a script must not have: files, bytecode, and what looks behind the interpreter. */
static void close_libraries(lua_State *L) {
  static const char *const files[] = {"dofile", "loadfile", NULL};
  static const char *const bytecode[] = {"dump", NULL};
  static const char *const debug_safe[] = {"traceback", "getinfo", NULL};
  prune(L, LUA_GNAME, files, 0);
  prune(L, LUA_STRLIBNAME, bytecode, 0);
  prune(L, LUA_DBLIBNAME, debug_safe, 1);
  lua_pushcfunction(L, text_load);
  lua_setglobal(L, "load");
  lua_getglobal(L, LUA_DBLIBNAME);
  lua_pushcfunction(L, safe_getinfo);
  lua_setfield(L, -2, "getinfo");
  lua_pushcfunction(L, safe_traceback);
  lua_setfield(L, -2, "traceback");
  lua_pop(L, 1);
}
