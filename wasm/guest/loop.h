/*
** loop.h: the macros of Lua's interpreter loop, written for the way that wasmtime compiles it.
**
** build.sh takes luaV_execute out of lvm.c; guest.c compiles it twice. The first time it is Lua's own, under the name
** hooked_execute, and runs only while a debug hook is set. The second time it is the one that runs scripts, with the
** macros below instead of Lua's. They keep what every opcode means and change three things:
**
** - What the fast paths use is not live over a call. wasmtime's compiler keeps no register over one and would spill it
**   everywhere, so base and pc are read again from the call info, where they have to be anyway.
** - Fast paths have no call, and the C compiler may not inline the slow ones.
** - Hooks are looked for after calls, as nothing but a call can set one, and not before every instruction.
*/

/* ---- calls, and what follows one ---- */

#define reload() (base = ci->func.p + 1, pc = ci->u.l.savedpc, trap = L->hookmask)
#define outline(exp) ({ [[clang::noinline]] (exp); })
#define called(exp) ({ __typeof__(exp) v_; savepc(L); [[clang::noinline]] v_ = (exp); reload(); v_; })

#undef Protect
#undef ProtectNT
#undef halfProtect
#undef checkGC
#undef updatestack
#define Protect(exp) { int quick_ = 0; savestate(L, ci); outline(exp); if (!quick_) reload(); }
#define ProtectNT(exp) { savepc(L); outline(exp); reload(); }
#define halfProtect(exp) Protect(exp)
#define checkGC(L, c) { if (l_unlikely(G(L)->GCdebt > 0)) { savepc(L); L->top.p = (c); outline(luaC_step(L)); reload(); } }
#define updatestack(ci) (base = ci->func.p + 1, ra = RA(i))

#undef luaC_barrier
#undef luaC_barrierback
#define barrier(p, v, call) \
  { if (iscollectable(v) && isblack(p) && iswhite(gcvalue(v))) { savepc(L); outline(call); reload(); } }
#define luaC_barrier(L, p, v) barrier(p, v, luaC_barrier_(L, obj2gco(p), gcvalue(v)))
#define luaC_barrierback(L, p, v) barrier(p, v, luaC_barrierback_(L, p))

/* A hook that is on is seen when an instruction with a call ends, and when a function is entered or gone on with. */
#undef vmfetch
#undef vmbreak
#define vmfetch() { \
  if (0) { hooked: savepc(ci); hooked_execute(L, ci); return; } \
  trap = 0; i = *(pc++); }
#define vmbreak { if (l_unlikely(trap)) goto hooked; break; }
#define luaG_tracecall(L) ({ goto hooked; 0; })

/* A loop's jumps store where they stand, so that the report after a trap names a line of the loop. */
#undef updatetrap
#undef dojump
#define updatetrap(ci) (ci->u.l.savedpc = pc)
#define dojump(ci, i, e) { updatetrap(ci); pc += GETARG_sJ(i) + e; }

/* A Lua function whose frame fits the stack and has a CallInfo ready is entered in place. NULL: not done. */
static inline CallInfo *enter(lua_State *L, StkId func, int nresults) {
  CallInfo *ci = L->ci->next;
  if (l_unlikely(!ttisLclosure(s2v(func)) || ci == NULL)) return NULL;
  Proto *p = clLvalue(s2v(func))->p;
  int fsize = p->maxstacksize;
  if (l_unlikely(L->stack_last.p - L->top.p <= fsize)) return NULL;
  ci->func.p = func;
  ci->nresults = (short)nresults;
  ci->callstatus = 0;
  ci->top.p = func + 1 + fsize;
  ci->u.l.savedpc = p->code;
  L->ci = ci;
  for (int narg = cast_int(L->top.p - func) - 1; l_unlikely(narg < p->numparams); narg++)
    setnilvalue(s2v(L->top.p++));
  return ci;
}

/*
** coroutine.yield where nothing in C but this loop is between it and lua_resume: the loop returns, where Lua throws,
** which costs wasmtime a walk of the stack. Does what luaD_precall, co_yield and lua_yieldk do. 0: not done.
*/
static __attribute__((noinline)) int yield(lua_State *L, StkId func, int nresults) {
  const Frame *f = S.frames;
  if (f == NULL || f->co != L || L->nCcalls != getCcalls(f->from) + 1) return 0;
  if (L->stack_last.p - L->top.p <= LUA_MINSTACK) return 0;
  CallInfo *ci = prepCallInfo(L, func, nresults, CIST_C, L->top.p + LUA_MINSTACK);
  ci->u.c.k = NULL;
  ci->u2.nyield = cast_int(L->top.p - (func + 1));
  L->status = LUA_YIELD;
  return 1;
}

#define luaD_precall(L, func, nresults) \
  ({ CallInfo *n_ = enter(L, func, nresults); \
     if (n_ == NULL) { \
       if (ttislcf(s2v(func)) && fvalue(s2v(func)) == co_yield && yield(L, func, nresults)) return; \
       outline(n_ = luaD_precall(L, func, nresults)); \
       if (n_ == NULL) reload(); \
     } n_; })
#define luaD_pretailcall(L, ci, func, narg, delta) \
  ({ int n_; outline(n_ = luaD_pretailcall(L, ci, func, narg, delta)); n_; })
#define luaD_poscall(L, ci, nres) { outline(luaD_poscall(L, ci, nres)); trap = L->hookmask; }
#define forprep(L, ra) called(forprep(L, ra))
#define luaH_new(L) called(luaH_new(L))
#define luaH_resize(L, t, na, nh) { outline(luaH_resize(L, t, na, nh)); reload(); }

/* ---- numbers: the tags of two operands are one comparison ---- */

/* The same value, but not to the C compiler: it would make a jump table of two comparisons of a tag. */
static inline unsigned opaque(unsigned tag) { __asm__("" : "+r"(tag)); return tag; }
#undef ttisfloat
#define ttisfloat(o) (opaque(rawtt(o)) == LUA_VNUMFLT)

#define tags(v1, v2) ((unsigned)rawtt(v1) << 8 | rawtt(v2))
#define INTEGERS (LUA_VNUMINT << 8 | LUA_VNUMINT)
#define FLOATS (LUA_VNUMFLT << 8 | LUA_VNUMFLT)

#define op_mixed(v1, v2, fop) { \
  lua_Number n1; lua_Number n2; \
  if (tonumberns(v1, n1) && tonumberns(v2, n2)) { \
    pc++; setfltvalue(s2v(ra), fop(L, n1, n2)); \
  }}

#undef op_arithf_aux
#define op_arithf_aux(L, v1, v2, fop) { \
  if (l_likely(tags(v1, v2) == FLOATS)) { \
    lua_Number n1 = fltvalue(v1); lua_Number n2 = fltvalue(v2); \
    pc++; setfltvalue(s2v(ra), fop(L, n1, n2)); \
  } else op_mixed(v1, v2, fop) }

#undef op_arith_aux
#define op_arith_aux(L, v1, v2, iop, fop) { \
  StkId ra = RA(i); \
  unsigned both = tags(v1, v2); \
  if (l_likely(both == INTEGERS)) { \
    lua_Integer i1 = ivalue(v1); lua_Integer i2 = ivalue(v2); \
    pc++; setivalue(s2v(ra), iop(L, i1, i2)); \
  } else if (l_likely(opaque(both) == FLOATS)) { \
    lua_Number n1 = fltvalue(v1); lua_Number n2 = fltvalue(v2); \
    pc++; setfltvalue(s2v(ra), fop(L, n1, n2)); \
  } else op_mixed(v1, v2, fop) }

/* The result goes through a variable of its own, because one whose address is taken lives in memory. */
#undef tointegerns
#define tointegerns(o, i) \
  (l_likely(ttisinteger(o)) ? (*(i) = ivalue(o), 1) \
   : ({ lua_Integer t_ = 0; int ok_ = called(luaV_tointegerns(o, &t_, LUA_FLOORN2I)); *(i) = t_; ok_; }))

#undef op_bitwise
#define op_bitwise(L, op) { \
  StkId ra = RA(i); \
  TValue *v1 = vRB(i); \
  TValue *v2 = vRC(i); \
  lua_Integer i1; lua_Integer i2; \
  if (l_likely(tags(v1, v2) == INTEGERS)) { \
    i1 = ivalue(v1); i2 = ivalue(v2); \
    pc++; setivalue(s2v(ra), op(i1, i2)); \
  } else if (tointegerns(v1, &i1) && tointegerns(v2, &i2)) { \
    pc++; setivalue(s2v(ra), op(i1, i2)); \
  }}

#undef luai_numpow
#define luai_numpow(L, a, b) (b == 2 ? a * a : b == 0.5 && a > 0 ? __builtin_sqrt(a) : called(l_mathop(pow)(a, b)))
#define luaV_modf(L, a, b) called(luaV_modf(L, a, b))

#define float_LTnum(a, b) (a < b)
#define float_LEnum(a, b) (a <= b)
#define lessthanothers luaV_lessthan
#define lessequalothers luaV_lessequal
#undef op_order
#define op_order(L, opi, opn, other) { \
  StkId ra = RA(i); \
  int cond; \
  TValue *rb = vRB(i); \
  unsigned both = tags(s2v(ra), rb); \
  if (l_likely(both == INTEGERS)) { \
    lua_Integer ia = ivalue(s2v(ra)); lua_Integer ib = ivalue(rb); \
    cond = opi(ia, ib); \
  } else if (l_likely(opaque(both) == FLOATS)) { \
    lua_Number fa = fltvalue(s2v(ra)); lua_Number fb = fltvalue(rb); \
    cond = float_##opn(fa, fb); \
  } else \
    Protect(cond = other(L, s2v(ra), rb)); \
  docondjump(); }

/* 1, 0, or -1 for what needs a closer look. */
#define quick_equal(a, b) \
  (rawtt(a) != rawtt(b) ? (ttisnumber(a) && ttisnumber(b) ? -1 : 0) \
   : ttisshrstring(a) ? tsvalue(a) == tsvalue(b) \
   : ttisinteger(a) ? ivalue(a) == ivalue(b) \
   : ttype(a) <= LUA_TBOOLEAN ? 1 : -1)
#undef luaV_rawequalobj
#define luaV_rawequalobj(a, b) ({ int e_ = quick_equal(a, b); e_ < 0 ? called((luaV_equalobj)(NULL, a, b)) : e_; })
#define luaV_equalobj(L, a, b) /* for OP_EQ: there, Protect is around it */ \
  ({ int e_ = quick_equal(a, b); if (e_ < 0) e_ = (luaV_equalobj)(L, a, b); else quick_ = 1; e_; })

/* ---- tables: two probes for a short string before a call ---- */

/* The slot, or NULL where two probes do not tell. */
static inline const TValue *probe(const Table *t, const TString *key) {
  const Node *n = gnode(t, lmod(key->hash, sizenode(t)));
  if (l_likely(gckey(n) == obj2gco(key) && keyisshrstr(n))) return gval(n);
  if (gnext(n) == 0) return &absentkey;
  n += gnext(n);
  if (l_likely(gckey(n) == obj2gco(key) && keyisshrstr(n))) return gval(n);
  return gnext(n) == 0 ? &absentkey : NULL;
}

/* luaV_finishget; a method is found through tables in __index without a call, also a string's. */
static __attribute__((noinline)) void finish_get(lua_State *L, const TValue *t, TValue *key, StkId val, const TValue *slot) {
  for (int loop = ttisshrstring(key) ? 0 : MAXTAGLOOP; loop < MAXTAGLOOP; loop++) {
    if (slot == NULL && !ttisstring(t)) break;
    const TValue *tm = fasttm(L, slot != NULL ? hvalue(t)->metatable : G(L)->mt[LUA_TSTRING], TM_INDEX);
    if (tm == NULL && slot != NULL) {
      setnilvalue(s2v(val));
      return;
    }
    if (tm == NULL || !ttistable(tm)) break;
    t = tm;
    slot = probe(hvalue(t), tsvalue(key));
    if (l_unlikely(slot == NULL)) slot = luaH_getshortstr(hvalue(t), tsvalue(key));
    if (!isempty(slot)) {
      setobj2s(L, val, slot);
      return;
    }
  }
  luaV_finishget(L, t, key, val, slot);
}
#define luaV_finishget finish_get

#define luaH_getshortstr(t, key) \
  ({ const TValue *s_ = probe(t, key); l_likely(s_ != NULL) ? s_ : called((luaH_getshortstr)(t, key)); })
#define luaH_getstr(t, key) (l_likely(key->tt == LUA_VSHRSTR) ? luaH_getshortstr(t, key) : called((luaH_getstr)(t, key)))
#define luaH_getint(t, key) called((luaH_getint)(t, key))
#define luaH_get(t, key) (l_likely(ttisshrstring(key)) ? luaH_getshortstr(t, tsvalue(key)) : called((luaH_get)(t, key)))

#undef luaV_finishfastset
#define luaV_finishfastset(L, t, slot, v) { setobj2t(L, cast(TValue *, slot), v); luaC_barrierback(L, gcvalue(t), v); }
