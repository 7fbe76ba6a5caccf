/*
** arrays.h: lua_geti and lua_seti for the libraries included after it. An element that is there in a table's array part
** is read or written without a call.
*/
#ifndef llmspell_arrays_h
#define llmspell_arrays_h

/* The element, or NULL where only lua_geti and lua_seti know what to do. */
static inline TValue *array_element(lua_State *L, const TValue *t, lua_Integer n) {
  if (l_unlikely(!ttistable(t) || l_castS2U(n) - 1u >= hvalue(t)->alimit)) return NULL;
  TValue *v = &hvalue(t)->array[n - 1];
  return l_likely(!isempty(v)) ? v : NULL;
}

static inline int array_get(lua_State *L, int idx, lua_Integer n) {
  const TValue *v = array_element(L, index2value(L, idx), n);
  if (l_unlikely(v == NULL)) return lua_geti(L, idx, n);
  setobj2s(L, L->top.p, v);
  L->top.p++;
  return ttype(v);
}

static inline void array_set(lua_State *L, int idx, lua_Integer n) {
  const TValue *t = index2value(L, idx);
  TValue *v = array_element(L, t, n);
  if (l_unlikely(v == NULL)) {
    lua_seti(L, idx, n);
    return;
  }
  luaV_finishfastset(L, t, v, s2v(L->top.p - 1));
  L->top.p--;
}

#define lua_geti array_get
#define lua_seti array_set

#endif
