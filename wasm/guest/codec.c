/*
** codec.c: Lua values to MessagePack and back. Sizes, depth and counts are bounded both ways.
**
** Strings go out as str when they are UTF-8 and as bin otherwise; both come in as strings. JSON null is a light
** userdata. A table goes out as an array when its keys are exactly 1..n or when it carries the array metatable
** (that is how an empty array stays one), and as a map with string and integer keys otherwise.
*/

#define BUFFER_KEEP (64u << 10) /* what a buffer may hold on to while it is empty */

/* realloc, for what is not in Lua's heap: when there is no memory left, Lua's garbage goes first. Runs no finalizer. */
static void *outside_memory(void *block, size_t size) {
  void *data = realloc(block, size);
  if (data == NULL && S.L != NULL && !G(S.L)->gcstopem) {
    luaC_fullgc(S.frames != NULL ? S.frames->co : S.current != NULL ? S.current->co : S.L, 1);
    data = realloc(block, size);
  }
  return data;
}

/* Room for more; 0 and marked as short of memory when there is none. Doubles while small, then grows by a quarter. */
static int buffer_reserve(Buffer *b, size_t more) {
  if (b->cap - b->len >= more) return 1;
  size_t need = b->len + more, cap = b->cap ? b->cap : 256;
  while (cap < need && cap < BUFFER_KEEP) cap *= 2;
  if (cap < need) cap = need + need / 4;
  uint8_t *data = b->fixed || need > (1u << 30) ? NULL : outside_memory(b->data, cap);
  if (data == NULL) {
    b->failed = 1;
    return 0;
  }
  b->data = data;
  b->cap = cap;
  return 1;
}

/* The script's memory is small: a large message must not take a part of it for good. */
static void buffer_empty(Buffer *b) {
  b->len = 0;
  b->failed = 0;
  if (b->cap > BUFFER_KEEP && !b->fixed) {
    free(b->data);
    b->data = NULL;
    b->cap = 0;
  }
}

static int buffer_add(Buffer *b, const void *data, size_t len) {
  if (!buffer_reserve(b, len)) return 0;
  memcpy(b->data + b->len, data, len);
  b->len += len;
  return 1;
}

/* The state of one encoding; `path` is the chain of keys from the outermost value, for error messages. */
typedef struct {
  lua_State *L;
  Buffer *b;
  uint32_t nodes;
} Encoder;

typedef struct Path {
  const struct Path *up;
  int key; /* stack index of the key in L */
} Path;

static void path_text(lua_State *L, const Path *p, luaL_Buffer *out) {
  if (p == NULL) return;
  path_text(L, p->up, out);
  if (lua_type(L, p->key) == LUA_TSTRING) {
    if (p->up != NULL) luaL_addchar(out, '.');
    luaL_addstring(out, lua_tostring(L, p->key));
  } else {
    char text[32];
    snprintf(text, sizeof text, "[%lld]", (long long)lua_tointeger(L, p->key));
    luaL_addstring(out, text);
  }
}

static _Noreturn void encode_fail(Encoder *e, const Path *path, const char *what) {
  lua_State *L = e->L;
  int depth = 0;
  for (const Path *p = path; p != NULL; p = p->up) depth++;
  if (path == NULL || depth > 8) raise_here(L, "%s", what);
  luaL_Buffer out;
  luaL_checkstack(L, 8, NULL);
  luaL_buffinit(L, &out);
  path_text(L, path, &out);
  luaL_pushresult(&out);
  raise_here(L, "%s (field '%s')", what, lua_tostring(L, -1));
  __builtin_unreachable();
}

static void put(Encoder *e, const void *data, size_t len) {
  if (e->b->len + len > MAX_MESSAGE) raise_here(e->L, "value too large to send (more than %d MB)", MAX_MESSAGE >> 20);
  if (!buffer_add(e->b, data, len)) luaM_error(e->L);
}

static void put_head(Encoder *e, uint8_t tag, uint64_t n, int bytes) {
  uint8_t head[9];
  head[0] = tag;
  for (int i = 0; i < bytes; i++) head[1 + i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
  put(e, head, (size_t)bytes + 1);
}

static void put_integer(Encoder *e, lua_Integer v) {
  if (v >= 0) {
    if (v < 128) put_head(e, (uint8_t)v, 0, 0);
    else if (v <= 0xff) put_head(e, 0xcc, (uint64_t)v, 1);
    else if (v <= 0xffff) put_head(e, 0xcd, (uint64_t)v, 2);
    else if (v <= 0xffffffffLL) put_head(e, 0xce, (uint64_t)v, 4);
    else put_head(e, 0xcf, (uint64_t)v, 8);
  } else {
    if (v >= -32) put_head(e, (uint8_t)v, 0, 0);
    else if (v >= INT8_MIN) put_head(e, 0xd0, (uint64_t)v, 1);
    else if (v >= INT16_MIN) put_head(e, 0xd1, (uint64_t)v, 2);
    else if (v >= INT32_MIN) put_head(e, 0xd2, (uint64_t)v, 4);
    else put_head(e, 0xd3, (uint64_t)v, 8);
  }
}

/* Strictly UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
static int is_utf8(const uint8_t *s, size_t n) {
  size_t i = 0;
  while (i < n) {
    uint8_t c = s[i++];
    if (c < 0x80) continue;
    int more;
    uint32_t cp, least;
    if (c >= 0xc2 && c <= 0xdf) { more = 1; cp = c & 0x1f; least = 0x80; }
    else if ((c & 0xf0) == 0xe0) { more = 2; cp = c & 0x0f; least = 0x800; }
    else if (c >= 0xf0 && c <= 0xf4) { more = 3; cp = c & 0x07; least = 0x10000; }
    else return 0;
    if (n - i < (size_t)more) return 0;
    while (more--) {
      if ((s[i] & 0xc0) != 0x80) return 0;
      cp = (cp << 6) | (s[i++] & 0x3f);
    }
    if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) return 0;
  }
  return 1;
}

static void put_string(Encoder *e, const char *s, size_t n) {
  int text = is_utf8((const uint8_t *)s, n);
  if (text && n < 32) put_head(e, (uint8_t)(0xa0 | n), 0, 0);
  else if (n <= 0xff) put_head(e, text ? 0xd9 : 0xc4, n, 1);
  else if (n <= 0xffff) put_head(e, text ? 0xda : 0xc5, n, 2);
  else put_head(e, text ? 0xdb : 0xc6, n, 4);
  put(e, s, n);
}

static void put_map_head(Encoder *e, uint64_t n) {
  if (n < 16) put_head(e, (uint8_t)(0x80 | n), 0, 0);
  else if (n <= 0xffff) put_head(e, 0xde, n, 2);
  else put_head(e, 0xdf, n, 4);
}

static void put_array_head(Encoder *e, uint64_t n) {
  if (n < 16) put_head(e, (uint8_t)(0x90 | n), 0, 0);
  else if (n <= 0xffff) put_head(e, 0xdc, n, 2);
  else put_head(e, 0xdd, n, 4);
}

static void encode_value(Encoder *e, int idx, const Path *path, int depth);

/* 1 when the array part 1..n was all there; else the buffer is as it was. */
static int encode_array(Encoder *e, int idx, lua_Unsigned n, const Path *path, int depth) {
  lua_State *L = e->L;
  size_t mark = e->b->len;
  put_array_head(e, n);
  for (lua_Unsigned i = 1; i <= n; i++) {
    lua_pushinteger(L, (lua_Integer)i);
    if (lua_rawgeti(L, idx, (lua_Integer)i) == LUA_TNIL) {
      lua_pop(L, 2);
      e->b->len = mark;
      return 0;
    }
    Path here = {path, lua_gettop(L) - 1};
    encode_value(e, lua_gettop(L), &here, depth);
    lua_pop(L, 2);
  }
  return 1;
}

static void encode_table(Encoder *e, int idx, const Path *path, int depth) {
  lua_State *L = e->L;
  if (depth > MAX_DEPTH)
    encode_fail(e, NULL, "table nested too deeply (more than 128 levels), or it contains itself");
  luaL_checkstack(L, 6, "too many nested tables");
  lua_Unsigned n = lua_rawlen(L, idx);
  if (n == 0 && lua_getmetatable(L, idx)) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_ARRAY);
    int is_array = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    if (lua_rawgetp(L, -1, &KEY_VALUES) == LUA_TTABLE) { /* it can only be read: these are its fields */
      encode_value(e, lua_gettop(L), path, depth);
      lua_pop(L, 2);
      return;
    }
    lua_pop(L, 2);
    lua_pushnil(L);
    int empty = !lua_next(L, idx);
    if (!empty) lua_pop(L, 2);
    if (is_array && empty) {
      put_array_head(e, 0);
      return;
    }
  }
  lua_Unsigned count = 0;
  lua_pushnil(L);
  while (lua_next(L, idx)) {
    lua_pop(L, 1);
    count++;
  }
  if (count > MAX_NODES) encode_fail(e, path, "value too large to send (more than 1000000 parts)");
  if (n > 0 && count == n && encode_array(e, idx, n, path, depth)) return;
  put_map_head(e, count);
  lua_pushnil(L);
  while (lua_next(L, idx)) {
    int key = lua_gettop(L) - 1;
    Path here = {path, key};
    if (lua_type(L, key) == LUA_TSTRING) {
      size_t len;
      const char *s = lua_tolstring(L, key, &len);
      put_string(e, s, len);
    } else if (lua_isinteger(L, key)) {
      put_integer(e, lua_tointeger(L, key));
    } else {
      lua_pushfstring(L, "table key must be a string or an integer, not a %s", luaL_typename(L, key));
      encode_fail(e, path, lua_tostring(L, -1));
    }
    encode_value(e, key + 1, &here, depth);
    lua_pop(L, 1);
  }
}

static void encode_value(Encoder *e, int idx, const Path *path, int depth) {
  lua_State *L = e->L;
  if (++e->nodes > MAX_NODES) encode_fail(e, NULL, "value too large to send (more than 1000000 parts)");
  switch (lua_type(L, idx)) {
    case LUA_TNIL: put_head(e, 0xc0, 0, 0); break;
    case LUA_TBOOLEAN: put_head(e, lua_toboolean(L, idx) ? 0xc3 : 0xc2, 0, 0); break;
    case LUA_TNUMBER:
      if (lua_isinteger(L, idx)) {
        put_integer(e, lua_tointeger(L, idx));
      } else {
        lua_Number v = lua_tonumber(L, idx);
        uint64_t bits;
        memcpy(&bits, &v, sizeof bits);
        put_head(e, 0xcb, bits, 8);
      }
      break;
    case LUA_TSTRING: {
      size_t len;
      const char *s = lua_tolstring(L, idx, &len);
      put_string(e, s, len);
      break;
    }
    case LUA_TTABLE: encode_table(e, idx, path, depth + 1); break;
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(L, idx) == &KEY_NULL) {
        put_head(e, 0xc0, 0, 0);
        break;
      } /* else: FALLTHROUGH */
    default:
      lua_pushfstring(L, "data expected, got a %s", luaL_typename(L, idx));
      encode_fail(e, path, lua_tostring(L, -1));
  }
}

/* Append the value at idx. Raises a Lua error, with the path to the culprit, for what is not data. */
static void encode(lua_State *L, int idx, Buffer *b) {
  Encoder e = {L, b, 0};
  encode_value(&e, lua_absindex(L, idx), NULL, -1); /* the table in which the prelude passes a value is no level of it */
}

/* The host's messages are read with bounds all the same: a wrong length must not read outside. */
typedef struct {
  const uint8_t *at, *end;
} Reader;

static _Noreturn void decode_fail(lua_State *L) {
  luaL_error(L, "malformed message from the host");
  __builtin_unreachable();
}

static uint64_t take(lua_State *L, Reader *r, int bytes) {
  if (r->end - r->at < bytes) decode_fail(L);
  uint64_t v = 0;
  while (bytes--) v = (v << 8) | *r->at++;
  return v;
}

static const uint8_t *take_bytes(lua_State *L, Reader *r, uint64_t n) {
  if ((uint64_t)(r->end - r->at) < n) decode_fail(L);
  const uint8_t *at = r->at;
  r->at += n;
  return at;
}

/* What stands next: its kind, and its length or count where it has one. */
typedef enum { M_NIL, M_BOOL, M_INT, M_FLOAT, M_STRING, M_ARRAY, M_MAP } Kind;
typedef struct {
  Kind kind;
  uint64_t n;
  double number;
} Head;

static Head take_head(lua_State *L, Reader *r) {
  uint8_t tag = (uint8_t)take(L, r, 1);
  Head h = {M_NIL, 0, 0};
  if (tag < 0x80) { h.kind = M_INT; h.n = tag; }
  else if (tag >= 0xe0) { h.kind = M_INT; h.n = (uint64_t)(int64_t)(int8_t)tag; }
  else if (tag < 0x90) { h.kind = M_MAP; h.n = tag & 15; }
  else if (tag < 0xa0) { h.kind = M_ARRAY; h.n = tag & 15; }
  else if (tag < 0xc0) { h.kind = M_STRING; h.n = tag & 31; }
  else switch (tag) {
    case 0xc0: break;
    case 0xc2: case 0xc3: h.kind = M_BOOL; h.n = tag & 1; break;
    case 0xc4: case 0xd9: h.kind = M_STRING; h.n = take(L, r, 1); break;
    case 0xc5: case 0xda: h.kind = M_STRING; h.n = take(L, r, 2); break;
    case 0xc6: case 0xdb: h.kind = M_STRING; h.n = take(L, r, 4); break;
    case 0xca: { uint32_t u = (uint32_t)take(L, r, 4); float f; memcpy(&f, &u, 4); h.kind = M_FLOAT; h.number = f; break; }
    case 0xcb: { uint64_t u = take(L, r, 8); memcpy(&h.number, &u, 8); h.kind = M_FLOAT; break; }
    case 0xcc: h.kind = M_INT; h.n = take(L, r, 1); break;
    case 0xcd: h.kind = M_INT; h.n = take(L, r, 2); break;
    case 0xce: h.kind = M_INT; h.n = take(L, r, 4); break;
    case 0xcf:
      h.n = take(L, r, 8);
      if (h.n >> 63) { h.kind = M_FLOAT; h.number = (double)h.n; } else h.kind = M_INT;
      break;
    case 0xd0: h.kind = M_INT; h.n = (uint64_t)(int64_t)(int8_t)take(L, r, 1); break;
    case 0xd1: h.kind = M_INT; h.n = (uint64_t)(int64_t)(int16_t)take(L, r, 2); break;
    case 0xd2: h.kind = M_INT; h.n = (uint64_t)(int64_t)(int32_t)take(L, r, 4); break;
    case 0xd3: h.kind = M_INT; h.n = take(L, r, 8); break;
    case 0xdc: h.kind = M_ARRAY; h.n = take(L, r, 2); break;
    case 0xdd: h.kind = M_ARRAY; h.n = take(L, r, 4); break;
    case 0xde: h.kind = M_MAP; h.n = take(L, r, 2); break;
    case 0xdf: h.kind = M_MAP; h.n = take(L, r, 4); break;
    default: decode_fail(L);
  }
  return h;
}

static void decode_value(lua_State *L, Reader *r, int depth, int inside) {
  if (depth > MAX_DEPTH + 8) decode_fail(L);
  luaL_checkstack(L, 6, "too many nested tables");
  Head h = take_head(L, r);
  switch (h.kind) {
    case M_NIL:
      if (inside) lua_pushlightuserdata(L, &KEY_NULL); else lua_pushnil(L);
      break;
    case M_BOOL: lua_pushboolean(L, (int)h.n); break;
    case M_INT: lua_pushinteger(L, (lua_Integer)h.n); break;
    case M_FLOAT: lua_pushnumber(L, h.number); break;
    case M_STRING: lua_pushlstring(L, (const char *)take_bytes(L, r, h.n), (size_t)h.n); break;
    case M_ARRAY:
      if (h.n > (uint64_t)(r->end - r->at)) decode_fail(L);
      lua_createtable(L, (int)h.n, 0);
      if (h.n == 0) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &KEY_ARRAY);
        lua_setmetatable(L, -2);
      }
      for (uint64_t i = 1; i <= h.n; i++) {
        decode_value(L, r, depth + 1, 1);
        lua_rawseti(L, -2, (lua_Integer)i);
      }
      break;
    case M_MAP:
      if (h.n > (uint64_t)(r->end - r->at)) decode_fail(L);
      lua_createtable(L, 0, (int)h.n);
      for (uint64_t i = 0; i < h.n; i++) {
        decode_value(L, r, depth + 1, 1);
        decode_value(L, r, depth + 1, 1);
        lua_rawset(L, -3);
      }
      break;
  }
}

/* Push the value that the bytes hold. */
static void decode(lua_State *L, const uint8_t *data, size_t len) {
  Reader r = {data, data + len};
  decode_value(L, &r, 0, 0);
  if (r.at != r.end) decode_fail(L);
}

/* Pass over one value without building it. */
static void skip_value(lua_State *L, Reader *r) {
  uint64_t left = 1;
  while (left > 0) {
    left--;
    Head h = take_head(L, r);
    if (h.kind == M_STRING) take_bytes(L, r, h.n);
    else if (h.kind == M_ARRAY) left += h.n;
    else if (h.kind == M_MAP) left += 2 * h.n;
  }
}
