/*
** The implementation of fastnum.h. One rule: a result is given only when it is proved to be the correctly rounded
** one. Either the product with the power of ten is exact, or its error is bounded and the bound does not reach the
** halfway point; otherwise libc decides.
**
** A power of ten is FN_TENS (10^28a in 128 bits, truncated) times FN_FIVES (5^b, exact) times 2^b, which keeps the
** tables at 640 bytes; the powers 0 to 27, nearly all that is met, need only the exact one.
*/
#include "fastnum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digits are stored eight at a time, first digit lowest");

#ifndef FASTNUM_SNPRINTF /* the test counts the calls */
#define FASTNUM_SNPRINTF snprintf
#define FASTNUM_STRTOD strtod
#endif

typedef struct {
    uint64_t hi, lo;
} fn_u128;

/* The 128 highest bits of 10^(28 * (i - 13)), the first one set. */
static const fn_u128 FN_TENS[26] = {
    {0xE1AFA13AFBD14D6Du, 0x82189C09A3A1EC21u}, {0xE3E27A444D8D98B7u, 0xFD1B1B2308169B25u},
    {0xE61ACF033D1A45DFu, 0x6FB92487298E33BDu}, {0xE858AD248F5C22C9u, 0xD1B3400F8F9CFF68u},
    {0xEA9C227723EE8BCBu, 0x465E15A979C1CADCu}, {0xECE53CEC4A314EBDu, 0xA4F8BF5635246428u},
    {0xEF340A98172AACE4u, 0x86FB897116C87C34u}, {0xF18899B1BC3F8CA1u, 0xDC44E6C3CB279AC1u},
    {0xF3E2F893DEC3F126u, 0x5A89DBA3C3EFCCFAu}, {0xF64335BCF065D37Du, 0x4D4617B5FF4A16D5u},
    {0xF8A95FCF88747D94u, 0x75A44C6397CE912Au}, {0xFB158592BE068D2Eu, 0xEED6E2F0F0D56712u},
    {0xFD87B5F28300CA0Du, 0x8BCA9D6E188853FCu}, {0x8000000000000000u, 0x0000000000000000u},
    {0x813F3978F8940984u, 0x4000000000000000u}, {0x82818F1281ED449Fu, 0xBFF8F10E7A8921A4u},
    {0x83C7088E1AAB65DBu, 0x792667C6DA79E0FAu}, {0x850FADC09923329Eu, 0x03E2CF6BC604DDB0u},
    {0x865B86925B9BC5C2u, 0x0B8A2392BA45A9B2u}, {0x87AA9AFF79042286u, 0x90FB44D2F05D0842u},
    {0x88FCF317F22241E2u, 0x441FECE3BDF81F03u}, {0x8A5296FFE33CC92Fu, 0x82BD6B70D99AAA6Fu},
    {0x8BAB8EEFB6409C1Au, 0x1AD089B6C2F7548Eu}, {0x8D07E33455637EB2u, 0xDB0B487B6423E1E8u},
    {0x8E679C2F5E44FF8Fu, 0x570F09EAA7EA7648u}, {0x8FCAC257558EE4E6u, 0x213A4F0AA5E8A7B1u},
};

/* 5^0 to 5^27: those that fit in 64 bits. */
static const uint64_t FN_FIVES[28] = {
    1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u, 9765625u, 48828125u, 244140625u,
    1220703125u, 6103515625u, 30517578125u, 152587890625u, 762939453125u, 3814697265625u, 19073486328125u,
    95367431640625u, 476837158203125u, 2384185791015625u, 11920928955078125u, 59604644775390625u,
    298023223876953125u, 1490116119384765625u, 7450580596923828125u,
};

static inline uint64_t fn_bits(double x) {
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline double fn_from_bits(uint64_t b) {
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* 10^n for n in 0..19. */
static inline uint64_t fn_ten(int n) {
    return FN_FIVES[n] << n;
}

static inline fn_u128 fn_mul(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, m1 = a0 * b1, m2 = a1 * b0;
    uint64_t mid = (low >> 32) + (uint32_t)m1 + (uint32_t)m2;
    return (fn_u128){a1 * b1 + (m1 >> 32) + (m2 >> 32) + (mid >> 32), mid << 32 | (uint32_t)low};
}

/* The upper 128 bits of a * m. */
static inline fn_u128 fn_mul_high(fn_u128 a, uint64_t m) {
    fn_u128 r = fn_mul(a.hi, m);
    uint64_t carried = fn_mul(a.lo, m).hi;
    r.lo += carried;
    r.hi += r.lo < carried;
    return r;
}

static inline int fn_is_exact(int p) {
    return (unsigned)p <= 27;
}

/*
** r with m * 10^p == r * 2^*e (which comes in as the exponent of m), p in -364..363. Exact when fn_is_exact(p);
** otherwise the true value lies in [r, r + 3): the table loses less than 1, the first product 1 more, the second 1.
** Then m should have its highest bits set, so that 3 is small.
*/
static inline fn_u128 fn_times_ten(uint64_t m, int p, int *e) {
    if (fn_is_exact(p)) {
        *e += p;
        return fn_mul(m, FN_FIVES[p]);
    }
    int a = (p + 364) / 28, b = (p + 364) % 28;
    int up = __builtin_clzll(FN_FIVES[b]);
    *e += ((p - b) * 217706 >> 16) - 127 + b - up + 128; /* 217706 / 2^16: log2(10); exact floors in this range */
    return fn_mul_high(fn_mul_high(FN_TENS[a], FN_FIVES[b] << up), m);
}

/* ---- text of doubles ---- */

/* A finite positive double is m * 2^e with m in 2^52..2^53-1. */
static inline uint64_t fn_split(uint64_t bits, int *e) {
    uint64_t m = bits & 0xFFFFFFFFFFFFFu;
    int biased = (int)(bits >> 52 & 0x7FF);
    if (biased == 0) {
        int up = __builtin_clzll(m) - 11;
        *e = -1074 - up;
        return m << up;
    }
    *e = biased - 1075;
    return m | 1ull << 52;
}

/* *n = m * 2^e * 10^p, rounded half to even. 0 when that is not certain or does not fit. m is in 2^52..2^53-1. */
static inline int fn_scale(uint64_t m, int e, int p, uint64_t *n) {
    if (p < 0 && p >= -19 && e <= 11 && e > -53) { /* a division is exact where the product is not */
        uint64_t whole = e >= 0 ? m << e : m >> -e;
        if (e >= 0 || whole << -e == m) {
            uint64_t d = fn_ten(-p), q = whole / d, rest = whole - q * d;
            *n = q + (rest > d - rest || (rest == d - rest && (q & 1)));
            return 1;
        }
    }
    int exact = fn_is_exact(p);
    if (!exact) {
        m <<= 11;
        e -= 11;
    }
    fn_u128 r = fn_times_ten(m, p, &e);
    int s = -e; /* the binary point lies s bits from the right */
    if (s <= 0) {
        if (!exact || s <= -64 || r.hi != 0 || (r.lo << -s) >> -s != r.lo) return 0;
        *n = r.lo << -s;
        return 1;
    }
    if (s >= 128) { /* the exact product is below 2^117: less than a half */
        *n = 0;
        return exact;
    }
    uint64_t q, hi, lo = 0; /* the fraction, left-justified in hi:lo */
    if (s > 64) {
        q = r.hi >> (s - 64);
        hi = r.hi << (128 - s) | r.lo >> (s - 64);
        lo = r.lo << (128 - s);
    } else if (s == 64) {
        q = r.hi;
        hi = r.lo;
    } else {
        if (r.hi >> s != 0) return 0;
        q = r.hi << (64 - s) | r.lo >> s;
        hi = r.lo << (64 - s);
    }
    const uint64_t half = 1ull << 63;
    if (!exact && (s < 66 || hi == half - 1 || hi == half)) return 0; /* from s = 66 on, 3 is less than 1 in hi */
    *n = q + (hi > half || (hi == half && (lo != 0 || (q & 1))));
    return 1;
}

/* The nd (1..17) digits of |x| != 0 as *n, and its decimal exponent *k: |x| is about *n * 10^(*k - nd + 1). */
static inline int fn_digits(uint64_t bits, int nd, uint64_t *n, int *k) {
    int e;
    uint64_t m = fn_split(bits, &e);
    /* log2(m * 2^e), the mantissa taken linearly: never too high, too low by at most 0.09; in units of 2^-20 */
    int64_t log2 = (int64_t)(e + 52) * (1 << 20) + (int64_t)(m >> 32 & 0xFFFFF);
    *k = (int)(log2 * 1292913986 >> 52); /* 1292913986 / 2^32: log10(2) */
    if (!fn_scale(m, e, nd - 1 - *k, n)) return 0;
    if (*n >= fn_ten(nd)) { /* *k was too low, or the digits were rounded up to the next power */
        ++*k;
        if (!fn_scale(m, e, nd - 1 - *k, n)) return 0;
    }
    return *n >= fn_ten(nd - 1) && *n < fn_ten(nd);
}

/* The eight digits of v < 10^8, one a byte, the first one lowest: divided by 10^4, 10^2 and 10 in parallel. */
static inline uint64_t fn_eight(uint32_t v) {
    uint64_t top = (uint64_t)v * 3518437209u >> 45;
    uint64_t d = top | (v - top * 10000) << 32;
    uint64_t t = (d * 10486 >> 20) & 0x7F0000007F;
    d = t | (d - t * 100) << 16;
    t = (d * 103 >> 10) & 0x000F000F000F000F;
    return t | (d - t * 10) << 8;
}

static inline void fn_put8(char *out, uint64_t digits) {
    digits |= 0x3030303030303030;
    memcpy(out, &digits, 8);
}

/* v < 10^8 without leading zeros ("0" for 0): stores 8 bytes, gives the length. */
static inline int fn_put_first(char *out, uint32_t v) {
    uint64_t d = fn_eight(v);
    int zeros = __builtin_ctzll(d | 1ull << 56) / 8;
    fn_put8(out, d >> 8 * zeros);
    return 8 - zeros;
}

/* v in decimal: at most 20 digits, stores up to 24 bytes. */
static inline int fn_put_u64(char *out, uint64_t v) {
    if (v < 100000000) return fn_put_first(out, (uint32_t)v);
    uint64_t upper = v / 100000000;
    int len;
    if (upper < 100000000) {
        len = fn_put_first(out, (uint32_t)upper);
    } else {
        uint64_t top = upper / 100000000;
        len = fn_put_first(out, (uint32_t)top);
        fn_put8(out + len, fn_eight((uint32_t)(upper - top * 100000000)));
        len += 8;
    }
    fn_put8(out + len, fn_eight((uint32_t)(v - upper * 100000000)));
    return len + 8;
}

/* The nd digits of n and zeros behind them; how many there are without the zeros at the end, at least 1. */
static inline int fn_put_digits(char out[24], uint64_t n, int nd) {
    int first = nd == 17;
    if (first) {
        uint64_t d = n / 10000000000000000u;
        out[0] = (char)('0' + d);
        n -= d * 10000000000000000u;
    } else {
        n *= fn_ten(16 - nd);
    }
    uint64_t upper = n / 100000000;
    uint64_t a = fn_eight((uint32_t)upper), b = fn_eight((uint32_t)(n - upper * 100000000));
    fn_put8(out + first, a);
    fn_put8(out + first + 8, b);
    if (b != 0) return first + 16 - __builtin_clzll(b) / 8;
    if (a != 0) return first + 8 - __builtin_clzll(a) / 8;
    return 1;
}

/* The digits of n with a point before the last p (0..27): "%.pf". Stores less than 64 bytes. */
static inline int fn_layout_f(char *out, uint64_t n, int p) {
    char d[48]; /* 20 digits and, for the wide copies, what follows them */
    int len = fn_put_u64(d, n), whole = len - p;
    if (whole <= 0) {
        memcpy(out, "0.00000000000000000000000000000", 32);
        memcpy(out + 2 - whole, d, 24);
        return 2 + p;
    }
    memcpy(out, d, 24);
    if (p == 0) return len;
    out[whole] = '.';
    memcpy(out + whole + 1, d + whole, 24);
    return len + 1;
}

/* d.ddde+XX with `shown` digits: "%e", and "%g" of what is too large or small for it. */
static inline int fn_layout_e(char *out, const char *d, int shown, int k) {
    out[0] = d[0];
    out[1] = '.';
    memcpy(out + 2, d + 1, 16);
    char *o = out + (shown == 1 ? 1 : shown + 1);
    unsigned mag = (unsigned)(k < 0 ? -k : k);
    *o++ = 'e';
    *o++ = k < 0 ? '-' : '+';
    if (mag >= 100) {
        *o++ = (char)('0' + mag / 100);
        mag %= 100;
    }
    *o++ = (char)('0' + mag / 10);
    *o++ = (char)('0' + mag % 10);
    return (int)(o - out);
}

static inline int fn_layout_g(char *out, uint64_t n, int nd, int k) {
    char d[40]; /* 17 digits and, for the wide copies, what follows them */
    int shown = fn_put_digits(d, n, nd);
    if (k < -4 || k >= nd) return fn_layout_e(out, d, shown, k);
    if (k < 0) {
        memcpy(out, "0.000000", 8);
        memcpy(out + 1 - k, d, 17);
        return 1 - k + shown;
    }
    memcpy(out, d, 17);
    if (shown <= k + 1) return k + 1;
    out[k + 1] = '.';
    memcpy(out + k + 2, d + k + 1, 16);
    return shown + 1;
}

static int fastnum_format14(char *buf, double x) {
    uint64_t bits = fn_bits(x);
    char *out = buf;
    if (bits >> 63) *out++ = '-';
    bits &= ~(1ull << 63);
    double mag = fn_from_bits(bits);
    if (mag < 1e14 && (double)(int64_t)mag == mag) {
        out += fn_put_u64(out, (uint64_t)(int64_t)mag);
    } else if (bits >= 0x7FFull << 52) {
        memcpy(out, bits == 0x7FFull << 52 ? "inf" : "nan", 3);
        out += 3;
    } else {
        uint64_t n;
        int k;
        if (!fn_digits(bits, 14, &n, &k)) return 0;
        out += fn_layout_g(out, n, 14, k);
    }
    *out = '\0';
    return (int)(out - buf);
}

static int fastnum_number2str(char *buf, size_t size, double x) {
    int len = fastnum_format14(buf, x);
    return len != 0 ? len : FASTNUM_SNPRINTF(buf, size, "%.14g", x);
}

static int fastnum_format_int(char *buf, long long v) {
    char *out = buf;
    if (v < 0) *out++ = '-';
    out += fn_put_u64(out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    *out = '\0';
    return (int)(out - buf);
}

/* ---- string.format ---- */

typedef struct {
    int left, zero, width, precision; /* precision -1: not given */
    char sign;                        /* what a number that is not negative has before it, 0 for nothing */
    char conversion;                  /* 0: not a format of ours */
} fn_spec;

static inline int fn_is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

static inline fn_spec fn_read_spec(const char *f) {
    fn_spec s = {0, 0, 0, -1, 0, 0};
    if (*f++ != '%') return s;
    for (;; f++) {
        if (*f == '-') s.left = 1;
        else if (*f == '0') s.zero = 1;
        else if (*f == '+') s.sign = '+';
        else if (*f == ' ') s.sign = s.sign ? s.sign : ' ';
        else break;
    }
    for (int i = 0; i < 2 && fn_is_digit(*f); i++) s.width = s.width * 10 + (*f++ - '0');
    if (*f == '.') {
        s.precision = 0;
        f++;
        for (int i = 0; i < 2 && fn_is_digit(*f); i++) s.precision = s.precision * 10 + (*f++ - '0');
    }
    if (f[0] == 'l' && f[1] == 'l') f += 2;
    if (f[0] != '\0' && f[1] == '\0') s.conversion = f[0];
    return s;
}

#define FN_BODY 64 /* a body is at most 29 characters ("%.27f" of what is less than 1); the stores are wider */

/* Sign, body and padding. buf holds 100 bytes; a width is at most 99. 32 bytes can be read at body. */
static inline int fn_pad(char *buf, const fn_spec *s, char sign, const char *body, int len) {
    char *out = buf;
    int fill = s->width - len - (sign != 0);
    if (fill <= 0) {
        if (sign != 0) *out++ = sign;
        memcpy(out, body, 32);
        out += len;
    } else {
        if (!s->left && !s->zero) out = (char *)memset(out, ' ', (size_t)fill) + fill;
        if (sign != 0) *out++ = sign;
        if (!s->left && s->zero) out = (char *)memset(out, '0', (size_t)fill) + fill;
        out = (char *)memcpy(out, body, (size_t)len) + len;
        if (s->left) out = (char *)memset(out, ' ', (size_t)fill) + fill;
    }
    *out = '\0';
    return (int)(out - buf);
}

/* |x| by the conversion, in FN_BODY bytes; 0 when not certain. */
static inline int fn_body(char *out, uint64_t bits, char conversion, int precision) {
    uint64_t n = 0;
    int k = 0;
    if (conversion == 'f') {
        if (precision > 27) return 0;
        if (bits != 0) {
            int e;
            uint64_t m = fn_split(bits, &e);
            if (!fn_scale(m, e, precision, &n)) return 0;
        }
        return fn_layout_f(out, n, precision);
    }
    int nd = conversion == 'e' ? precision + 1 : precision == 0 ? 1 : precision;
    if (nd > 17 || (bits != 0 && !fn_digits(bits, nd, &n, &k))) return 0;
    if (conversion == 'g') return fn_layout_g(out, n, nd, k);
    char d[40];
    fn_put_digits(d, n, nd);
    return fn_layout_e(out, d, nd, k);
}

static int fastnum_sprintf_double(char *buf, size_t size, const char *fmt, double x) {
    fn_spec s = fn_read_spec(fmt);
    uint64_t bits = fn_bits(x) & ~(1ull << 63);
    char body[FN_BODY];
    int len = 0;
    if ((s.conversion == 'f' || s.conversion == 'g' || s.conversion == 'e') && bits < 0x7FFull << 52 && size >= 100)
        len = fn_body(body, bits, s.conversion, s.precision < 0 ? 6 : s.precision);
    if (len == 0) return FASTNUM_SNPRINTF(buf, size, fmt, x);
    return fn_pad(buf, &s, fn_bits(x) >> 63 ? '-' : s.sign, body, len);
}

static int fastnum_sprintf_int(char *buf, size_t size, const char *fmt, long long v) {
    fn_spec s = fn_read_spec(fmt);
    char body[FN_BODY], *start = body;
    int len = 0;
    if (s.precision < 0 && size >= 100) {
        if (s.conversion == 'd' || s.conversion == 'i') {
            len = fn_put_u64(body, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
            s.sign = v < 0 ? '-' : s.sign;
        } else if (s.conversion == 'x' || s.conversion == 'X') {
            const char *digits = s.conversion == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
            uint64_t u = (uint64_t)v;
            start = body + 16;
            do *--start = digits[u & 15];
            while ((u >>= 4) != 0);
            len = (int)(body + 16 - start);
            s.sign = 0;
        }
    }
    if (len == 0) return FASTNUM_SNPRINTF(buf, size, fmt, v);
    return fn_pad(buf, &s, s.sign, start, len);
}

/* ---- numbers of text ---- */

/* *x = w * 10^q for w != 0, correctly rounded. 0 when that is not certain or not a normal number. */
static inline int fn_compose(uint64_t w, int64_t q, double *x) {
    if (q < -342 || q > 308) return 0;
    int up = __builtin_clzll(w), e = -up, exact = fn_is_exact((int)q);
    fn_u128 r = fn_times_ten(w << up, (int)q, &e);
    if (r.hi == 0) { /* q is 0 */
        r.hi = r.lo;
        r.lo = 0;
        e -= 64;
    }
    up = __builtin_clzll(r.hi); /* at most 2 when not exact: the error is then less than 12 */
    if (up != 0) {
        r.hi = r.hi << up | r.lo >> (64 - up);
        r.lo <<= up;
        e -= up;
    }
    int biased = e + 127 + 1023;
    if (biased < 1 || biased > 2046) return 0;
    uint64_t m = r.hi >> 11, rest = r.hi & 0x7FF;
    if (!exact && ((rest == 0x3FF && r.lo > UINT64_MAX - 16) || (rest == 0x400 && r.lo < 16))) return 0;
    m += rest > 0x400 || (rest == 0x400 && (r.lo != 0 || (m & 1)));
    uint64_t bits = ((uint64_t)(biased - 1) << 52) + m; /* m's highest bit and a carry beyond it go to the exponent */
    if (bits >= 0x7FFull << 52) return 0;
    *x = fn_from_bits(bits);
    return 1;
}

static double fastnum_parse(const char *s, char **end) {
    const char *p = s;
    while (*p == ' ' || (unsigned char)(*p - '\t') < 5) p++;
    int negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    const char *start = p;
    uint64_t w = 0;
    while (fn_is_digit(*p)) w = w * 10 + (uint64_t)(*p++ - '0');
    ptrdiff_t count = p - start;
    int64_t q = 0;
    if (*p == '.') {
        const char *point = p++;
        while (fn_is_digit(*p)) w = w * 10 + (uint64_t)(*p++ - '0');
        q = point + 1 - p;
        count -= (ptrdiff_t)q;
    }
    if (count == 0 || (*p | 32) == 'x') return FASTNUM_STRTOD(s, end); /* no numeral, a word, or "0x" */
    if (count > 19) { /* w may have overflowed: not if the rest are zeros in front */
        const char *z = start;
        for (; *z == '0' || *z == '.'; z++) count -= *z == '0';
        if (count > 19) return FASTNUM_STRTOD(s, end);
    }
    if ((*p | 32) == 'e') {
        const char *t = p + 1;
        int down = *t == '-';
        if (*t == '-' || *t == '+') t++;
        if (fn_is_digit(*t)) {
            int64_t x = 0;
            for (; fn_is_digit(*t); t++)
                if (x < 100000000) x = x * 10 + (*t - '0');
            q += down ? -x : x;
            p = t;
        }
    }
    double x;
    if (w == 0) {
        x = 0.0;
    } else if (w <= 1ull << 53 && q >= -22 && q <= 22) { /* two exact operands, one rounding */
        int n = (int)(q < 0 ? -q : q);
        double ten = (double)(int64_t)FN_FIVES[n] * (double)(1 << n);
        x = q < 0 ? (double)(int64_t)w / ten : (double)(int64_t)w * ten;
    } else if (!fn_compose(w, q, &x)) {
        return FASTNUM_STRTOD(s, end);
    }
    if (end != NULL) *end = (char *)(uintptr_t)p;
    return negative ? -x : x;
}
