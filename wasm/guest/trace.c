/*
** trace.c: where Lua code stands, as text. Nothing here allocates in Lua's heap or raises, so that it also works when
** memory is out, and after a trap (see report in turn.c), when the state is only looked at.
*/

#define TRACE_HEAD 12 /* frames shown from the top of a deep stack, */
#define TRACE_TAIL 10 /* and from its bottom */
#define TRACE_MAX (24u << 10)

static void trace_add(Buffer *b, const char *format, ...) {
  char line[512];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (n >= (int)sizeof line) n = (int)sizeof line - 1;
  if (n > 0 && b->len + (size_t)n <= TRACE_MAX) buffer_add(b, line, (size_t)n);
}

static int is_prelude(const lua_Debug *ar) {
  return strncmp(ar->source, PRELUDE_PREFIX, sizeof PRELUDE_PREFIX - 1) == 0;
}

static int is_user_frame(lua_State *L, int level, lua_Debug *ar) {
  if (!lua_getstack(L, level, ar)) return -1;
  lua_getinfo(L, "Sl", ar);
  return ar->currentline > 0 && !is_prelude(ar);
}

/* "file:line: " of the script's own code that called, or "" */
static void push_where(lua_State *L) {
  lua_Debug ar;
  int user = 0;
  for (int level = 1; (user = is_user_frame(L, level, &ar)) == 0;) level++;
  if (user > 0) lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
  else lua_pushliteral(L, "");
}

/* Is the next Lua function beneath one of the prelude? Between them may stand C functions, such as pcall. */
static int called_by_prelude(lua_State *co, const lua_Debug *ar) {
  lua_Debug caller;
  for (caller.i_ci = ar->i_ci->previous; caller.i_ci != NULL && caller.i_ci != &co->base_ci;
       caller.i_ci = caller.i_ci->previous) {
    lua_getinfo(co, "S", &caller);
    if (*caller.what != 'C') return is_prelude(&caller);
  }
  return 0;
}

/* One frame as Lua's own traceback shows it; of the prelude only what the script called: the rest is not its business. */
static void trace_frame(Buffer *b, lua_State *co, lua_Debug *ar) {
  lua_getinfo(co, "Slnt", ar);
  int ours = is_prelude(ar), is_c = *ar->what == 'C';
  if (is_c && *ar->namewhat == '\0') return; /* a C function nobody named: the resume or spawn beneath */
  if ((ours || is_c) && called_by_prelude(co, ar)) return;
  trace_add(b, "\n\t%s:", ours ? "[llmspell]" : ar->short_src);
  if (ours) ar->currentline = 0;
  if (ar->currentline > 0) trace_add(b, "%d:", ar->currentline);
  if (*ar->namewhat != '\0') trace_add(b, " in %s '%s'", ar->namewhat, ar->name);
  else if (*ar->what == 'm') trace_add(b, " in main chunk");
  else if (ours) trace_add(b, " in function");
  else trace_add(b, " in function <%s:%d>", ar->short_src, ar->linedefined);
  if (ar->istailcall) trace_add(b, "\n\t(...tail calls...)");
}

/* Raise a plain error that points at the script's own line, not into the prelude. */
static int raise_here(lua_State *L, const char *format, ...) {
  va_list args;
  push_where(L);
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  lua_concat(L, 2);
  return lua_error(L);
}

/* The frame beneath, from the running one on; 0 after the last. (lua_getstack counts from the top each time.) */
static int next_frame(lua_State *co, lua_Debug *ar, int first) {
  CallInfo *ci = first ? co->ci : ar->i_ci->previous;
  if (ci == NULL || ci == &co->base_ci) return 0;
  ar->i_ci = ci;
  return 1;
}

/* The stack of `co`, less as many frames from its top. */
static void trace_thread(Buffer *b, lua_State *co, int skip) {
  lua_Debug ar;
  int depth = 0, level;
  for (int more = next_frame(co, &ar, 1); more; more = next_frame(co, &ar, 0)) depth++;
  depth -= skip;
  level = -skip;
  for (int more = next_frame(co, &ar, 1); more; more = next_frame(co, &ar, 0), level++) {
    if (level < 0) continue;
    if (level < TRACE_HEAD || level >= depth - TRACE_TAIL) trace_frame(b, co, &ar);
    else if (level == TRACE_HEAD) trace_add(b, "\n\t...\t(skipping %d levels)", depth - TRACE_HEAD - TRACE_TAIL);
  }
}

/* The innermost frame of the user's code. 0 when there is none. */
static int trace_where(lua_State *co, const char **source, lua_Debug *ar) {
  for (int more = next_frame(co, ar, 1); more; more = next_frame(co, ar, 0)) {
    lua_getinfo(co, "Sl", ar);
    if (ar->currentline > 0 && !is_prelude(ar)) {
      *source = ar->short_src;
      return 1;
    }
  }
  return 0;
}
