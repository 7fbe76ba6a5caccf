/*
** host.c: how Lua asks the host. call() is answered at once; await() leaves with the turn and is answered in a later
** one, unless Lua cannot be suspended here: then it goes through the import, and the host's thread waits.
*/

/* Raise the error that the host's reply holds: {kind, message, retryable, details}. */
static int raise_reply(lua_State *L) {
  if (lua_istable(L, -1)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_ERROR);
    lua_setmetatable(L, -2);
  }
  return lua_error(L);
}

static void encode_request(lua_State *L) {
  buffer_empty(&S.scratch);
  uint8_t head = 0x92; /* [op, payload] */
  if (!buffer_add(&S.scratch, &head, 1)) luaM_error(L);
  encode(L, 1, &S.scratch);
  encode(L, 2, &S.scratch);
}

static int decode_reply(lua_State *L) {
  decode(L, lua_touserdata(L, 1), (size_t)lua_tointeger(L, 2));
  return 1;
}

/*
** Take apart a reply of `call`, with the collector standing still: it might run a finalizer that calls the host too,
** and that reply would come to lie where this one is. Afterwards the collector's debt is what it would have been.
*/
static int decode_undisturbed(lua_State *L, const uint8_t *data, size_t len) {
  enum { DECODING = 0x80 }; /* beside the bits with which Lua itself stops the collector */
  global_State *g = G(L);
  l_mem debt = g->GCdebt - (l_mem)gettotalbytes(g);
  lua_pushcfunction(L, decode_reply);
  lua_pushlightuserdata(L, (void *)data);
  lua_pushinteger(L, (lua_Integer)len);
  g->gcstp |= DECODING;
  int status = lua_pcall(L, 2, 1, 0);
  g->gcstp &= (lu_byte)~DECODING;
  luaE_setdebt(g, debt + (l_mem)gettotalbytes(g));
  return status;
}

/* call(op, payload) -> value: immediate. The reply is [ok, value]. */
static int host_call(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  lua_settop(L, 2);
  encode_request(L);
  output_flush();
  uint64_t where = llmspell_call(S.scratch.data, S.scratch.len);
  if (where == 0) __builtin_trap(); /* a terminal fault: the run is over */
  buffer_empty(&S.scratch);
  uint8_t *reply = (uint8_t *)(uintptr_t)(where >> 32);
  size_t len = (uint32_t)where;
  int sound = len >= 2 && reply[0] == 0x92 && (reply[1] == 0xc2 || reply[1] == 0xc3);
  int ok = sound && reply[1] == 0xc3;
  int status = decode_undisturbed(L, reply + 2, sound ? len - 2 : 0);
  release(reply);
  luaC_checkGC(L);
  if (status != LUA_OK) return lua_error(L);
  return ok ? 1 : raise_reply(L);
}

static int host_await_k(lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  inner_of(L) = NULL;
  Task *t = S.current;
  const uint8_t *reply = t->reply;
  t->reply = NULL;
  decode(L, reply, t->reply_len);
  return t->reply_ok ? 1 : raise_reply(L);
}

/* await(op, payload) -> value: in a later turn. */
static int host_await(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  lua_settop(L, 2);
  if (!can_wait(L)) return host_call(L);
  encode_request(L);
  lua_Integer id = S.next_call + 1;
  uint8_t head[10] = {0x93, 0xd3}; /* [id, op, payload] */
  for (int i = 0; i < 8; i++) head[2 + i] = (uint8_t)((uint64_t)id >> (56 - 8 * i));
  if (S.calls.len + S.scratch.len + sizeof head > MAX_MESSAGE)
    return raise_here(L, "too much to send in one turn (more than %d MB)", MAX_MESSAGE >> 20);
  if (!buffer_reserve(&S.calls, sizeof head + S.scratch.len)) luaM_error(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_CALLS);
  lua_pushlightuserdata(L, S.current);
  lua_rawseti(L, -2, id);
  buffer_add(&S.calls, head, sizeof head);
  buffer_add(&S.calls, S.scratch.data + 1, S.scratch.len - 1);
  buffer_empty(&S.scratch);
  S.ncalls++;
  S.open_calls++;
  S.next_call = id;
  S.current->call = id;
  return wait_out(L, TASK_CALL, host_await_k);
}

/* array(t): mark an empty table as an array */
static int host_array(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_ARRAY);
  lua_setmetatable(L, 1);
  return 1;
}

/* stands_for(t, values) -> t: what is sent for the empty table t, by its metatable, are these values */
static int host_stands_for(lua_State *L) {
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_getmetatable(L, 1);
  lua_insert(L, 2);
  lua_rawsetp(L, 2, &KEY_VALUES);
  lua_settop(L, 1);
  return 1;
}

/* where() -> "file:line: " of the script's own code that called, or "" */
static int host_where(lua_State *L) {
  push_where(L);
  return 1;
}

/* fail(kind, message, details | nil): raise an error value of the host's kind */
static int host_fail(lua_State *L) {
  lua_settop(L, 3);
  lua_createtable(L, 0, 4);
  static const char *const names[] = {"kind", "message", "details"};
  for (int i = 0; i < 3; i++) {
    lua_pushvalue(L, i + 1);
    lua_setfield(L, 4, names[i]);
  }
  lua_pushboolean(L, 0);
  lua_setfield(L, 4, "retryable");
  return raise_reply(L);
}

static const luaL_Reg host_functions[] = {
  {"call", host_call}, {"await", host_await}, {"array", host_array}, {"stands_for", host_stands_for},
  {"where", host_where}, {"fail", host_fail},
  {NULL, NULL}
};
