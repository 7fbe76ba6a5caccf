/*
** Compares fastnum with the C library on seeded random cases: fastnum_check CASES [SEED].
** Prints a line for each kind of number, the first differences, and the totals; exits 1 on any difference.
** A fallback is a case that fastnum left to the C library: right by construction, so it is counted apart.
*/
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long fallbacks;

static int counted_snprintf(char *buf, size_t size, const char *fmt, ...) {
    va_list args;
    fallbacks++;
    va_start(args, fmt);
    int len = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return len;
}

static double counted_strtod(const char *s, char **end) {
    fallbacks++;
    return strtod(s, end);
}

#define FASTNUM_SNPRINTF counted_snprintf
#define FASTNUM_STRTOD counted_strtod
#include "fastnum.c"

static uint64_t state;

static uint64_t rnd(void) { /* splitmix64 */
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static int below(int n) {
    return (int)(rnd() % (uint64_t)n);
}

static double neighbour(double x) { /* up to two units in the last place away */
    return fn_from_bits(fn_bits(x) + (uint64_t)(int64_t)(below(5) - 2));
}

static double decimal(int digits, int low, int high) {
    char text[64];
    snprintf(text, sizeof text, "%llue%d", (unsigned long long)(rnd() % fn_ten(digits)), low + below(high - low + 1));
    return strtod(text, NULL);
}

enum { KINDS = 14 };
static const char *const KIND[KINDS] = {
    "bits", "short", "money", "integer", "bigint", "ten", "half", "tie", "subnormal", "switch", "unit", "digits17",
    "near tie", "special",
};

static double make(int kind) {
    double x;
    switch (kind) {
    case 0: x = fn_from_bits(rnd()); break;
    case 1: x = decimal(1 + below(15), -12, 6); break;
    case 2: x = (double)(rnd() % 10000000) / 100.0; break;
    case 3: x = (double)(int64_t)(rnd() >> (11 + below(53))); break;
    case 4: x = (double)rnd() * (double)(1ull << below(20)); break;
    case 5: x = neighbour(decimal(1, -324, 308)); break;
    case 6: x = (double)(rnd() >> (12 + below(50))) + 0.5; break;
    case 7: /* a binary fraction: its decimal form is short, and its last kept digits may be a tie */
        x = (double)(rnd() >> (11 + below(50))) / (double)(1ull << below(45));
        break;
    case 8: x = fn_from_bits(rnd() >> (12 + below(51))); break;
    case 9: { /* where %g changes its form, and where 14 digits round up to the next power of ten */
        static const double at[] = {
            1e15, 1e14, 1e16, 1e17, 1e-4, 1e-5, 99999999999999.5, 9999999999999.95, 0.000099999999999999995,
            999999.5, 0.00009999995, 9.5, 0.5, 1e22, 1e23, 9007199254740992.0, 18446744073709551616.0,
        };
        x = neighbour(at[below((int)(sizeof at / sizeof *at))]);
        break;
    }
    case 10: x = (double)(rnd() >> 11) * 0x1p-53; break;
    case 11: x = decimal(17, -40, 20); break;
    case 12: { /* a decimal that ends in 5 just behind the digits that are kept, and its neighbours */
        char text[40];
        int digits = 1 + below(17);
        snprintf(text, sizeof text, "%llu5e%d",
            (unsigned long long)(fn_ten(digits - 1) + rnd() % fn_ten(digits - 1)), below(60) - 40);
        x = neighbour(strtod(text, NULL));
        break;
    }
    default: {
        static const uint64_t at[] = {
            0, 1, 0x000FFFFFFFFFFFFFu, 0x0010000000000000u, 0x7FEFFFFFFFFFFFFFu, 0x7FF0000000000000u,
            0x7FF8000000000000u, 0x7FFFFFFFFFFFFFFFu, 0x3FF0000000000000u,
        };
        x = fn_from_bits(at[below((int)(sizeof at / sizeof *at))]);
    }
    }
    return rnd() & 1 ? -x : x;
}

static long differences, reported;

static void differ(const char *what, const char *input, const char *expected, const char *actual) {
    differences++;
    if (reported++ < 20) printf("DIFFERENCE %s of %s: expected [%s], got [%s]\n", what, input, expected, actual);
}

static void check_text(const char *fmt, double x, const char *actual, int len) {
    char expected[512], input[40];
    int n = snprintf(expected, sizeof expected, fmt, x);
    if (n != len || memcmp(expected, actual, (size_t)n + 1) != 0) {
        snprintf(input, sizeof input, "%a", x);
        differ(fmt, input, expected, actual);
    }
}

static void check_parse(const char *text) {
    char *end1 = NULL, *end2 = NULL, a[40], b[40];
    double expected = strtod(text, &end1), actual = fastnum_parse(text, &end2);
    if (fn_bits(expected) != fn_bits(actual) || end1 != end2) {
        snprintf(a, sizeof a, "%a to %d", expected, (int)(end1 - text));
        snprintf(b, sizeof b, "%a to %d", actual, (int)(end2 - text));
        differ("strtod", text, a, b);
    }
}

static void check_double(double x) {
    char buf[FASTNUM_BUFFER + 8];
    memset(buf + FASTNUM_BUFFER, '#', 8);
    int len = fastnum_number2str(buf, FASTNUM_BUFFER, x);
    if (x == x) check_text("%.14g", x, buf, len);
    else if (strcmp(buf, fn_bits(x) >> 63 ? "-nan" : "nan") != 0) /* as musl and glibc do; others drop the sign */
        differ("%.14g", "a nan", fn_bits(x) >> 63 ? "-nan" : "nan", buf);
    if (memcmp(buf + FASTNUM_BUFFER, "########", 8) != 0) differ("bounds", "", "nothing behind the buffer",
        "a store");
}

static void check_format_double(double x) {
    static const char *const fixed[] = {
        "%.2f", "%.1f", "%.3f", "%.0f", "%f", "%g", "%.17g", "%.16g", "%.15g", "%.6f", "%.f",
    };
    char fmt[24], buf[512];
    if (rnd() & 1) {
        strcpy(fmt, fixed[below((int)(sizeof fixed / sizeof *fixed))]);
    } else { /* any flags, width and precision that Lua lets pass */
        char *f = fmt;
        *f++ = '%';
        for (int i = below(4); i > 0; i--) *f++ = "-+ 0#"[below(rnd() % 16 ? 4 : 5)];
        if (rnd() & 1) f += snprintf(f, 4, "%d", 1 + below(rnd() % 8 ? 24 : 99));
        if (rnd() & 1) f += snprintf(f, 5, ".%d", below(rnd() % 16 ? 18 : 99));
        *f++ = "feg"[below(3)];
        *f = '\0';
    }
    memset(buf, '#', sizeof buf);
    int len = fastnum_sprintf_double(buf, strchr(fmt, 'f') ? 418 : 120, fmt, x);
    check_text(fmt, x, buf, len);
    if (buf[strchr(fmt, 'f') ? 418 : 120] != '#') differ("bounds", fmt, "nothing behind the buffer", "a store");
}

static void check_format_int(long long v) {
    char fmt[24], buf[160], expected[160], input[24], *f = fmt;
    snprintf(input, sizeof input, "%lld", v);
    int len = fastnum_format_int(buf, v);
    if (len != (int)strlen(input) || strcmp(buf, input) != 0) differ("integer", input, input, buf);
    *f++ = '%';
    for (int i = below(3); i > 0; i--) *f++ = "-0+ "[below(4)];
    if (rnd() & 1) f += snprintf(f, 4, "%d", 1 + below(rnd() % 8 ? 24 : 99));
    if (rnd() % 16 == 0) f += snprintf(f, 5, ".%d", below(25));
    snprintf(f, 4, "ll%c", "dixX"[below(4)]);
    memset(buf, '#', sizeof buf);
    len = fastnum_sprintf_int(buf, 120, fmt, v);
    int n = snprintf(expected, sizeof expected, fmt, v);
    if (n != len || strcmp(buf, expected) != 0) differ(fmt, input, expected, buf);
    if (buf[120] != '#') differ("bounds", fmt, "nothing behind the buffer", "a store");
}

static void check_printed(double x) { /* what a number looks like when it is read back, and damaged numerals */
    char text[512];
    switch (below(8)) {
    case 0: snprintf(text, sizeof text, "%.17g", x); break;
    case 1: snprintf(text, sizeof text, "%.14g", x); break;
    case 2: snprintf(text, sizeof text, "%.*e", below(19), x); break;
    case 3: snprintf(text, sizeof text, "%.*f", below(8), x); break;
    case 4: snprintf(text, sizeof text, "%s%s%.15gzz", below(2) ? " \t\n" : "",
        below(2) ? "00000000000000000000" : "", x); break;
    case 5: snprintf(text, sizeof text, "%d.%llue%d", below(1000), (unsigned long long)(rnd() >> below(64)),
        below(700) - 350); break;
    case 6: { /* the middle between two doubles by its 19 leading digits (where long double can hold it) */
        uint64_t bits = fn_bits(x) & ~(1ull << 63);
        if (bits >= 0x7FEFFFFFFFFFFFFFu) bits = 0;
        long double low = fn_from_bits(bits), high = fn_from_bits(bits + 1);
        snprintf(text, sizeof text, "%.18Le", low + (high - low) / 2);
        break;
    }
    default: snprintf(text, sizeof text, "%.*g", 1 + below(19), x); break;
    }
    if (rnd() % 8 == 0) text[below((int)strlen(text) + 1)] = "0123456789.eE+-xp \0"[below(19)];
    check_parse(text);
}

static void check_literals(void) {
    static const char *const texts[] = {
        "", " ", "-", "+", ".", "-.", "e", ".e1", "0", "-0", "+0", "0.0", "-0.0", "00", "0e", "0e+", "0e5",
        "-0e-999999999999", "1", "12", "1.5e10", ".5", "5.", "-.5", "+5.", " \t\n\v\f\r7 ", "- 1", "--1", "+-1",
        "1e", "1e+", "1e-", "1e+x", "1E5", "1e05", "1e+05", "1..2", "1.2.3", "1,5", "0x", "0x10", "0X1p4", "0x.8",
        "-0xA.8p1", "0xg", "1x", "inf", "-inf", "nan", "NAN(1)", "infinity", "1e308", "1e309",
        "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "-1e309", "4.9e-324",
        "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400", "2.2250738585072014e-308",
        "2.2250738585072011e-308", "9007199254740993", "9007199254740993.0", "9007199254740992.5",
        "18446744073709551615", "18446744073709551616", "9223372036854775808", "123456789012345678901234567890",
        "1e9999999999999999999999", "1e-9999999999999999999999", "0e99999999999999999999", "1e22", "1e23", "1e-22",
        "1e-23", "8.5e22", "0.000000000000000000000000000001", "000000000000000000000000000001",
        "0000000000000000000000000.000", "00000000000000000000.0.00", "0.00000000000000000000e5",
        "100000000000000000000", "1e1000", "314.16e-2", "0.31416E1", "34e1", "1e+1", "3.", "0.1", "0.2", "0.3",
        "1\0002", "1e5e5", "12abc", "1_000", "1e0000000000000000000001", "1e-0000000000000000000001",
        "72057594037927945e-1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check_parse(texts[i]);
    static const char *const ties[] = {"%.1g", "%.2g", "%.3g", "%.1e", "%.0e"}; /* exact ties beyond 64 bits */
    for (int exponent = 10; exponent < 26; exponent++) {
        for (int n = 1; n < 1000; n++) {
            char text[24], buf[120];
            snprintf(text, sizeof text, "%de%d", n, exponent);
            double x = strtod(text, NULL);
            for (size_t i = 0; i < sizeof ties / sizeof *ties; i++) {
                int len = fastnum_sprintf_double(buf, 120, ties[i], x);
                check_text(ties[i], x, buf, len);
            }
        }
    }
    static const long long ints[] = {
        0, 1, -1, 9, 10, 99999999, 100000000, 9999999999999999, 10000000000000000, INT64_MAX, INT64_MIN,
    };
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) check_format_int(ints[i]);
}

int main(int argc, char **argv) {
    long cases = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000, total = 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    check_literals();
    for (int kind = 0; kind < KINDS; kind++) {
        long by[4] = {0, 0, 0, 0};
        for (long i = 0; i < cases / KINDS; i++, total++) {
            state = seed * 0xD1B54A32D192ED03u + (uint64_t)kind * 0x8CB92BA72F3D8DD7u;
            state += (uint64_t)i * 0x2545F4914F6CDD1Du;
            double x = make(kind);
            int turn = i & 3;
            fallbacks = 0;
            if (turn == 0) check_double(x);
            else if (turn == 1) check_format_double(x);
            else if (turn == 2) check_printed(x);
            else check_format_int((long long)(rnd() & 1 ? rnd() >> below(64) : 0 - (rnd() >> below(64))));
            by[turn] += fallbacks;
        }
        printf("%-10s cases=%ld fallbacks: tostring=%ld format=%ld tonumber=%ld integer=%ld\n", KIND[kind],
            cases / KINDS, by[0], by[1],
               by[2], by[3]);
    }
    printf("total cases=%ld differences=%ld\n", total, differences);
    return differences != 0;
}
