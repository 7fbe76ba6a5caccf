/*
** image.c: making the boot image: the libraries are opened and the prelude is run, once, when the module is built. What
** is written here is shared by all runs; so where things come to lie decides what a run takes of its own.
*/

/* The tables behind the KEY_ addresses. */
static void open_registry(lua_State *L) {
  static char *const keys[] = {&KEY_CALLS, &KEY_TASKS, &KEY_ERROR, &KEY_ARRAY, &KEY_TASK};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, keys[i]);
  }
  static char *const slots[] = {&KEY_RAISED, &KEY_TRACE}; /* that exist from now on: setting them allocates nothing */
  for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
    lua_pushboolean(L, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, slots[i]);
  }
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY_WEAK);
}

/* Open the libraries and run the prelude. */
static int prepare_body(lua_State *L) {
  open_registry(L);
  open_libraries(L);
  lua_newtable(L); /* what the prelude is given */
  luaL_setfuncs(L, host_functions, 0);
  lua_pushcfunction(L, error_write);
  lua_setfield(L, -2, "error_write");
  luaL_newlib(L, sched_functions);
  lua_setfield(L, -2, "task");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_ERROR);
  lua_setfield(L, -2, "error_meta");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_TASK);
  lua_setfield(L, -2, "task_meta");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_ARRAY);
  lua_setfield(L, -2, "array_meta");
  lua_pushlightuserdata(L, &KEY_NULL);
  lua_setfield(L, -2, "null");
  luaL_checkstack(L, (int)(sizeof prelude_files / sizeof *prelude_files), "too many prelude files");
  for (const PreludeFile *f = prelude_files; f->name != NULL; f++)
    if (luaL_loadbufferx(L, f->text, f->len, f->name, "t") != LUA_OK) return lua_error(L);
  lua_gc(L, LUA_GCCOLLECT);
  heap_seal(); /* what the prelude makes when it runs stands together, apart from the constants: see fix_constants */
  for (int i = 2, n = lua_gettop(L); i <= n; i++) {
    lua_pushvalue(L, i);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 0);
  }
  lua_settop(L, 1);
  close_libraries(L);
  lua_getfield(L, 1, "setup"); /* setup(config), called by load */
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY_SETUP);
  lua_getfield(L, 1, "stdout");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &KEY_STDOUT);
  return 0;
}

/*
** The strings and prototypes of the image are there for good, and hold nothing but each other. As fixed objects they are
** neither marked nor swept: a collection of garbage does not write to their pages. The rest of what it writes to, tables
** and closures, stands together.
*/
static void fix_constants(global_State *g) {
  for (GCObject **at = &g->allgc; *at != NULL;) {
    GCObject *o = *at;
    if (novariant(o->tt) == LUA_TSTRING || o->tt == LUA_VPROTO) {
      *at = o->next;
      o->next = g->fixedgc;
      g->fixedgc = o;
      set2gray(o);
      setage(o, G_OLD);
    } else {
      at = &o->next;
    }
  }
}

/* Allocate again what holds a table's named fields. */
static void move_fields(lua_State *L, Table *t) {
  luaH_resize(L, t, luaH_realasize(t), allocsizenode(t));
}

/*
** What every run writes moves to the image's end, where a run's own memory begins: a page of the image that a run writes
** to is no longer shared. The table of strings gets room for a script's, because growing it writes to every string.
*/
static void gather(lua_State *L) {
  static const char *const random[] = {"random", "randomseed"};
  lua_getglobal(L, LUA_MATHLIBNAME);
  lua_newuserdatauv(L, sizeof(RanState), 0); /* load writes the seed */
  for (int i = 0; i < 2; i++) {
    lua_getfield(L, 1, random[i]);
    lua_pushvalue(L, 2);
    lua_setupvalue(L, -2, 1);
  }
  lua_getglobal(L, "Run");
  move_fields(L, hvalue(s2v(L->top.p - 1)));
  lua_settop(L, 0);
  freeCI(L); /* those of calls that have returned */
  luaD_reallocstack(L, 2 * BASIC_STACK_SIZE, 1); /* the larger the later: what is freed must not hold the next one */
  move_fields(L, hvalue(getGtable(L)));
  luaS_resize(L, 2048);
}

/*
** Run by _initialize, once, when the module is built: snapshot.py makes the memory as it is then the module's own, so
** that an instance starts with all of this done.
*/
__attribute__((constructor)) static void prepare(void) {
  lua_State *L = lua_newstate(guest_alloc, NULL);
  if (L == NULL) abort();
  S.L = L;
  inner_of(L) = NULL;
  lua_pushcfunction(L, prepare_body);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
    const char *message = lua_tostring(L, -1);
    llmspell_write(STDERR, message, strlen(message));
    abort();
  }
  buffer_reserve(&S.trace, 4096); /* for the trace of an error that memory is out */
  S.reserve = malloc(RESERVE);
  if (S.trace.failed || S.reserve == NULL) abort();
  lua_gc(L, LUA_GCCOLLECT);
  fix_constants(G(L));
  heap_seal();
  gather(L);
  heap_seal();
  heap_has(32 << 10); /* most runs need no more, and do not have to ask for memory */
}
