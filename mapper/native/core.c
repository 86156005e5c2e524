/* The native core: the bytes of a body become the bytes of events, by a program that Python made of a mapping.

   One pass over the body checks all of it (syntax, UTF-8, surrogate pairs, nesting, range of numbers, unique names)
   and notes where the values lie that the mapping reads. A short program then tests them and writes the event.
   Whatever is unusual is not taken: the answer None leaves a body or an item to the Python path. So each test here
   may be wrong to one side only. docs/native-core.md has the format of programs and the invariants.

   Reading beyond the end: a bytes object has a NUL behind its last byte, and NUL is no part of JSON. So `*p` may be
   read wherever `p <= end` holds, and a loop that stops at an unexpected byte stops there. Every other access
   stands beside a comparison with `end`. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef uint8_t u8;
enum {
    FORMAT_VERSION = 1,
    MAX_DEPTH = 200,        /* open brackets of a body: also the default limit of an item */
    MAX_NAMES = 512,        /* names of open objects that pass as they are */
    MAX_MATCHES = 1024,     /* elements of all lists of an item */
    MAX_GROWTH = 16,        /* times its body may the output be */
    MAX_MEMBERS = 64,       /* of one node: a bit of a word each */
    MAX_CALLS = 64,         /* results of Python that an item holds */
    MAX_BODY = 4000000,     /* bytes, of a body and of a value that Python made */
    MAX_VALUES = 500000,    /* of a body: half its limit, as an array in a body is read twice */
    MAX_TEXT = 1000000,     /* bytes of a text that is joined: no more characters than its limit */
    MAX_EXACT_DIGITS = 15,  /* of a decimal number: it is its own shortest form as a double */
    MAX_INTEGER_DIGITS = 18,
    MAX_DIGITS = 17,        /* of a decimal number that may still be its own shortest form */
    COMPARISONS = 4,        /* of names, for each byte of a body */
    COMPARISONS_OF_NUMBER = 400, MAX_EVENT_ROOM = 65536, /* bytes of events beside twice those of the body */
    MAX_REGISTERS = 400, ROWS = 64, MAX_ARGUMENT_DEPTH = 50, SMALL_OUTPUT = 8192, NONE = 0xFFFF
};
enum Kind { MISSING, NUL, FALSE_, TRUE_, INTEGER, DECIMAL, TEXT, OBJECT, ARRAY };
enum Flag {
    ESCAPED = 1, /* a text with a backslash */
    EMPTY = 2,   /* an object or array without members */
    GUARDED = 4, /* an object with a member that stands beside it in the event */
    UNEVEN = 8,  /* JSON, but not as Python writes it: white space, `\/`, 1.50 */
    ODD = 16,    /* a number that may be out of range, or is not written as Python would */
    LONG = 32    /* a decimal number that may be written otherwise by Python */
};

/* A value of the payload, of the program or of the output: its JSON text. A text has two bytes at least. */
typedef struct { const u8 *at; uint32_t len; u8 kind, flags; } Value;

/* A program is an array of numbers, whose parts are arrays of these structures; docs/native-core.md explains them. */
typedef struct { uint32_t first, count, element_slot, element_child, element_raw; } Node;
typedef struct { uint32_t at, len, slot, body_slot, child, raw, guard; } Member;
typedef struct { uint32_t code, a, b, c, on_doubt; } Op;
typedef struct { uint32_t at, len, kind; } Constant;
typedef struct { uint32_t item_first, item_count, body_first, body_count, reads_body; } Call;
/* A member of a text for Python: the value in `slot`, or the next `inside` arguments if that is an object. */
typedef struct { uint32_t name, slot, inside; } Argument;
/* `holder` is the slot of the value that the names of an alternative lead to, NONE if it has no names. */
typedef struct { uint32_t holder, form, inner_node, inner_slot; } Alternative;
typedef struct {
    uint32_t version, node_count, member_count, op_count, constant_count, call_count, argument_count, each_count;
    /* Registers, in this order: slots of the item, slots of the body, values of the request, results. */
    uint32_t item_slots, body_slots, given, registers, body_node, item_node, reserve, growth;
} Header;
enum Guard { UNGUARDED, MARKS, FORBIDDEN };
enum Form { VALUE_OR_ELEMENTS, ALL, ELEMENTS };

typedef struct {
    PyObject_HEAD
    uint32_t *numbers, text_len;
    u8 *texts, *rows, *next_in_row; /* rows: the members of each node by a hash of their names, see `load_nodes` */
    Header head;
    const uint32_t *is_list;
    const Node *nodes; const Member *members; const Op *ops; const Constant *constants;
    const Call *calls; const Argument *arguments; const Alternative *each;
} Program;

typedef struct { const u8 *at; uint32_t len, hash; } Name;
typedef struct { Value value; uint32_t slot; } Match;
typedef struct {
    const Program *program;
    const u8 *end; /* of the body */
    PyObject *request, *held[MAX_CALLS]; /* held: results of Python, until the item is done */
    Value value[MAX_REGISTERS];
    Match match[MAX_MATCHES];
    Name name[MAX_NAMES];
    uint32_t names, matches, uneven, values, held_count, body_is_array, is_unselected, is_strict;
    int64_t comparisons, room, max_items; /* comparisons of names that may still be made; bytes of events; items */
    u8 *out, *top, *limit;
} Work;

/* ---- scanning: texts and numbers ------------------------------------------------------------------------- */
static inline const u8 *skip_blanks(Work *w, const u8 *p) {
    if (*p > ' ') return p;
    w->uneven++;
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') p++;
    return p;
}

static int hex4(const u8 *p, const u8 *end, unsigned *found) {
    *found = 0;
    if (end - p < 4) return 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = p[i], letter = (c | 32) - 'a', digit = c - '0' < 10 ? c - '0' : letter < 6 ? letter + 10 : 16;
        if (digit > 15) return 0;
        *found = *found << 4 | digit;
    }
    return 1;
}

/* The byte after the escape at `p`, 0 if it is none. */
static const u8 *escape_end(const u8 *p, const u8 *end, u8 *flags) {
    unsigned high, low;
    if (end - p < 2 || !p[1] || !strchr("\"\\bfnrt/u", p[1])) return 0;
    *flags |= p[1] == '/' || p[1] == 'u' ? ESCAPED | UNEVEN : ESCAPED;
    if (p[1] != 'u') return p + 2;
    if (!hex4(p + 2, end, &high)) return 0;
    p += 6;
    if (high < 0xD800 || high > 0xDFFF) return p;
    if (high > 0xDBFF || end - p < 6 || p[0] != '\\' || p[1] != 'u' || !hex4(p + 2, end, &low)) return 0;
    return low >= 0xDC00 && low <= 0xDFFF ? p + 6 : 0;
}

/* The byte after the character of several bytes at `p`, 0 if it is not well-formed UTF-8. */
static const u8 *character_end(const u8 *p, const u8 *end) {
    u8 first = p[0], second;
    int more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    if (first < 0xC2 || first > 0xF4 || end - p <= more) return 0;
    second = p[1];
    if ((second & 0xC0) != 0x80) return 0;
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    for (int i = 2; i <= more; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    return p + more + 1;
}

/* From behind the opening quote to the closing one; 0 if the text is not well-formed. */
static inline const u8 *text_end(const u8 *p, const u8 *end, u8 *flags) {
    for (;;) {
#ifdef __SSE2__
        while (end - p >= 16) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)p);
            __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
            __m128i escapes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
            __m128i others = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')); /* signed: from 0x80 on, too */
            int mask = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, escapes), others));
            p += mask ? __builtin_ctz(mask) : 16;
            if (mask && *p == '"') return p; /* one of the 16 bytes */
            if (mask) break;
        }
#endif
        while (*p >= ' ' && *p < 0x80 && *p != '"' && *p != '\\') p++; /* the NUL at `end` stops it */
        if (*p == '"' && p < end) return p;
        if (*p < ' ') return 0;
        p = *p == '\\' ? escape_end(p, end, flags) : character_end(p, end);
        if (!p) return 0;
    }
}

static inline int is_digit(u8 c) { return c >= '0' && c <= '9'; }
/* The end of the number at `p`, 0 if there is none. The NUL at the end of the body stops every loop. */
static inline const u8 *number_end(const u8 *p, u8 *kind, u8 *flags) {
    const u8 *whole, *fraction;
    int negative = *p == '-';
    *kind = INTEGER, whole = p += negative;
    if (!is_digit(*p)) return 0;
    if (*p++ != '0')
        while (is_digit(*p)) p++;
    if (p - whole > MAX_INTEGER_DIGITS || (negative && *whole == '0' && (*p != '.' || p[1] == '0'))) *flags |= ODD;
    if (*p == '.') {
        *kind = DECIMAL;
        fraction = ++p;
        while (is_digit(*p)) p++;
        if (p == fraction) return 0;
        if (p - whole - 1 > MAX_EXACT_DIGITS) *flags |= fraction - whole - 1 > MAX_EXACT_DIGITS ? ODD : LONG;
        if (*whole == '0' && p - fraction > 3 && !memcmp(fraction, "0000", 4)) *flags |= ODD;
        if (p[-1] == '0' && p - fraction > 1) *flags |= UNEVEN;
    }
    if ((*p | 32) == 'e') {
        *kind = DECIMAL, *flags |= ODD, p++;
        if (*p == '+' || *p == '-') p++;
        if (!is_digit(*p)) return 0;
        while (is_digit(*p)) p++;
    }
    return p;
}

/* True if a decimal number that is LONG is written as Python writes it. That takes as long as many comparisons. */
static int is_shortest(Work *w, const u8 *at, const u8 *end) {
    char digits[MAX_DIGITS + 7] = {0}, *text; /* with a sign, four zeros, a point, and an end */
    size_t len = (size_t)(end - at);
    int same;
    w->comparisons -= COMPARISONS_OF_NUMBER;
    if (w->comparisons < 0 || len >= sizeof digits) return 0;
    memcpy(digits, at, len);
    text = PyOS_double_to_string(PyOS_string_to_double(digits, 0, 0), 'r', 0, Py_DTSF_ADD_DOT_0, 0);
    same = text && !strcmp(text, digits);
    PyMem_Free(text);
    return same;
}

/* ---- scanning: names ------------------------------------------------------------------------------------- */
static inline unsigned row_of(const u8 *name, uint32_t len) {
    return len ? (len * 5 + name[0] * 3 + name[len - 1]) & 63 : 0;
}

static inline const Member *find_member(const Program *g, uint32_t node, const u8 *name, uint32_t len) {
    uint32_t first = g->nodes[node].first;
    /* Rows hold numbers from 1 on; each leads to a smaller one, see `load_nodes`. */
    for (unsigned i = g->rows[node * ROWS + row_of(name, len)]; i; i = g->next_in_row[first + i - 1]) {
        const Member *member = &g->members[first + i - 1];
        if (member->len == len && !memcmp(g->texts + member->at, name, len)) return member;
    }
    return 0;
}

static inline uint32_t hash_name(const u8 *name, uint32_t len) {
    uint64_t head = 0, tail = 0, hash;
    if (len >= 8) memcpy(&head, name, 8), memcpy(&tail, name + len - 8, 8);
    else if (len >= 4) memcpy(&head, name, 4), memcpy(&tail, name + len - 4, 4);
    else if (len) head = name[0] | (uint64_t)name[len / 2] << 8, tail = name[len - 1];
    hash = (head * 0x9E3779B97F4A7C15ull) ^ ((tail + len) * 0xC2B2AE3D27D4EB4Full);
    return (uint32_t)((hash ^ hash >> 29) * 0x9E3779B97F4A7C15ull >> 32);
}

/* True if an object that passes as it is has not had this name; `first` is where its names begin. */
static inline int is_new_name(Work *w, uint64_t bloom[4], uint32_t first, const u8 *at, uint32_t len) {
    uint32_t hash = hash_name(at, len);
    uint64_t bit = 1ull << (hash >> 26), *seen = &bloom[hash & 3];
    if (*seen & bit) {
        for (uint32_t i = first; i < w->names; i++) {
            const Name *other = &w->name[i];
            /* Names may be chosen to look alike: each byte of a body pays for a few comparisons. */
            if ((w->comparisons -= other->hash == hash ? 8 : 1) < 0) return 0;
            if (other->hash == hash && other->len == len && !memcmp(other->at, at, len)) return 0;
        }
    }
    if (w->names == MAX_NAMES) return 0;
    *seen |= bit;
    w->name[w->names++] = (Name){at, len, hash};
    return 1;
}

/* ---- scanning: values ------------------------------------------------------------------------------------ */
static inline int note(Work *w, uint32_t slot, Value value) {
    if (slot == NONE) return 1;
    if (slot >= w->program->head.item_slots || !w->program->is_list[slot]) w->value[slot] = value;
    else if (w->matches == MAX_MATCHES) return 0;
    else w->match[w->matches++] = (Match){value, slot};
    return 1;
}

static inline const u8 *word_end(const u8 *p, const u8 *end, const char *word, int len) {
    return end - p >= len && !memcmp(p, word, (size_t)len) ? p + len : 0;
}

/* The place of the value that is read next: the slots that want it, the node below, and if it passes as it is. */
typedef struct { uint32_t slot, body_slot, node, raw; } Place;
/* An object or array that is open. */
typedef struct {
    Place place;
    const u8 *start;
    uint64_t seen, bloom[4]; /* members that are read; names, by their hashes */
    uint32_t names, uneven;
    u8 close, flags;
} Open;
static inline int note_at(Work *w, const Place *place, Value value) {
    return note(w, place->slot, value) && note(w, place->body_slot, value);
}

/* Reads the name at `p`, and finds the place of its value; the first byte of the value, or 0. */
static inline const u8 *enter_member(Work *w, Open *open, const u8 *p, Place *place) {
    const Program *g = w->program;
    u8 flags = 0;
    const u8 *name = p + 1;
    uint32_t len;
    if (*p != '"') return 0;
    p = text_end(name, w->end, &flags);
    if (!p) return 0;
    len = (uint32_t)(p - name);
    p = skip_blanks(w, p + 1);
    if (*p != ':') return 0;
    p = skip_blanks(w, p + 1);
    *place = (Place){NONE, NONE, 0, open->place.raw};
    if (!open->place.node && !open->place.raw) return p;
    if (flags & ESCAPED) return 0; /* it may be a name that is read, or one that the object has already */
    if (open->place.raw && !is_new_name(w, open->bloom, open->names, name, len)) return 0;
    const Member *member = open->place.node ? find_member(g, open->place.node, name, len) : 0;
    if (member) {
        uint64_t bit = 1ull << (member - g->members - g->nodes[open->place.node].first);
        if (open->seen & bit || member->guard == FORBIDDEN) return 0;
        open->seen |= bit;
        if (member->guard == MARKS) open->flags |= GUARDED;
        *place = (Place){member->slot, member->body_slot, member->child, open->place.raw | member->raw};
    }
    return p;
}

static inline void enter_element(const Program *g, const Open *open, Place *place) {
    const Node *node = &g->nodes[open->place.node]; /* node 0 leads nowhere, see `load` */
    *place = (Place){node->element_slot, NONE, node->element_child, open->place.raw | node->element_raw};
}

/* Reads one value and notes what the program asks for; its end, or 0 if the value is not for the core.
   One block a state; a block ends in a `goto` to the next state, or falls into the state below. */
static const u8 *scan(Work *w, const u8 *p, uint32_t root) {
    Open stack[MAX_DEPTH + 1], *open = stack; /* stack[0] is a mark: no value is open */
    Place place = {NONE, NONE, root, 0};
    Value value;
    const u8 *end = w->end, *at;
    u8 kind, flags;

at_value:
    if (++w->values > MAX_VALUES) return 0;
    at = p;
    flags = 0;
    switch (*p) {
    case '"':
        p = text_end(p + 1, end, &flags), kind = TEXT;
        if (p) p++;
        break;
    case '{':
    case '[':
        if (open - stack == MAX_DEPTH) return 0;
        *++open = (Open){place, p, 0, {0}, w->names, w->uneven, *p + 2, 0}; /* + 2: the closing bracket, in ASCII */
        p = skip_blanks(w, p + 1);
        if (*p != open->close) goto at_member;
        open->flags = EMPTY;
        goto at_close;
    case 't': p = word_end(p, end, "true", 4), kind = TRUE_; break;
    case 'n': p = word_end(p, end, "null", 4), kind = NUL; break;
    case 'f': p = word_end(p, end, "false", 5), kind = FALSE_; break;
    default:
        p = number_end(p, &kind, &flags);
        if (p && flags & (ODD | LONG) && (place.raw || place.slot != NONE || place.body_slot != NONE)) {
            if (flags & ODD || !is_shortest(w, at, p)) return 0;
            flags = 0;
        }
    }
    if (!p) return 0;
    if (flags & UNEVEN) w->uneven++;
    value = (Value){at, (uint32_t)(p - at), kind, flags};
    if (!note_at(w, &place, value)) return 0;

behind_value:
    if (open == stack) return p;
    p = skip_blanks(w, p);
    if (*p == ',') {
        p = skip_blanks(w, p + 1);
        goto at_member;
    }
    if (*p != open->close) return 0;

at_close:
    p++;
    flags = open->flags | (open->uneven != w->uneven ? UNEVEN : 0);
    value = (Value){open->start, (uint32_t)(p - open->start), open->close == '}' ? OBJECT : ARRAY, flags};
    if (!note_at(w, &open->place, value)) return 0;
    w->names = open->names;
    open--;
    goto behind_value;

at_member:
    if (open->close == ']') enter_element(w->program, open, &place);
    else p = enter_member(w, open, p, &place);
    if (p) goto at_value;
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------------------- */
static inline int put(Work *w, const void *from, size_t len) {
    if ((size_t)(w->limit - w->top) < len) return 0;
    memcpy(w->top, from, len);
    w->top += len;
    return 1;
}

/* One character as Python writes it; never more bytes than its escape has. */
static u8 *put_character(u8 *to, unsigned c) {
    static const char hex[] = "0123456789abcdef", named[] = "btnvfr"; /* from 8 on; `v` has no escape in JSON */
    if (c == '"' || c == '\\' || (c >= 8 && c <= 13 && c != 11)) {
        *to++ = '\\', *to++ = c < ' ' ? (u8)named[c - 8] : (u8)c;
    } else if (c < ' ') {
        memcpy(to, "\\u00", 4);
        to[4] = (u8)hex[c >> 4], to[5] = (u8)hex[c & 15], to += 6;
    } else if (c < 0x80) {
        *to++ = (u8)c;
    } else {
        int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3; /* bytes of six bits after the first one */
        *to++ = (u8)(0xFF00 >> (more + 1) | c >> 6 * more);
        while (more--) *to++ = (u8)(0x80 | (c >> 6 * more & 63));
    }
    return to;
}

/* Writes the escape at *from, and moves *from behind it; 0 if there is none. */
static u8 *put_escape(u8 *to, const u8 **from, const u8 *end) {
    const u8 *p = *from;
    unsigned c, low;
    if (end - p < 2) return 0;
    if (p[1] != 'u') {
        if (p[1] != '/') *to++ = '\\';
        *to++ = p[1];
        *from = p + 2;
        return to;
    }
    if (!hex4(p + 2, end, &c)) return 0;
    p += 6;
    if (c >= 0xD800 && c < 0xE000) {
        if (end - p < 6 || !hex4(p + 2, end, &low) || c > 0xDBFF || low < 0xDC00 || low > 0xDFFF) return 0;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    }
    *from = p;
    return put_character(to, c);
}

/* Writes JSON text as Python would: no white space, shortest numbers, the escapes of Python. The output is never
   longer than the input, so its room is checked once. `in_text`: the piece is the inside of a text. */
static int put_even(Work *w, const u8 *p, const u8 *end, int in_text) {
    u8 *to = w->top;
    if (end - p > w->limit - to) return 0;
    while (p < end) {
        if (*p == '"') {
            in_text = !in_text;
            *to++ = *p++;
        } else if (in_text) {
            if (*p != '\\') *to++ = *p++;
            else if (!(to = put_escape(to, &p, end))) return 0;
        } else if (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') {
            p++;
        } else if (is_digit(*p)) {
            u8 *point = 0;
            for (; p < end && (is_digit(*p) || *p == '.'); p++) {
                if (*p == '.') point = to;
                *to++ = *p;
            }
            while (point && to - point > 2 && to[-1] == '0') to--;
        } else {
            *to++ = *p++;
        }
    }
    w->top = to;
    return 1;
}

static int put_value(Work *w, const Value *v) {
    return v->flags & UNEVEN ? put_even(w, v->at, v->at + v->len, 0) : put(w, v->at, v->len);
}

/* ---- tests ----------------------------------------------------------------------------------------------- */
enum Answer { NO = 0, YES = 1, UNKNOWN = -1 };
/* The answer to: is the text, between its quotes, empty or white space alone? */
static int is_blank_text(const Value *v) {
    const u8 *p = v->at + 1, *end = v->at + v->len - 1;
    while (p < end && *p == ' ') p++;
    if (p >= end) return YES;
    if (*p == '\\') return end - p > 1 && (p[1] == '"' || p[1] == '\\' || p[1] == '/') ? NO : UNKNOWN;
    /* Characters of white space beyond ASCII begin with these bytes. */
    return *p == 0xC2 || (*p >= 0xE1 && *p <= 0xE3) || *p == 0xEF ? UNKNOWN : NO;
}

static inline int is_nothing(const Value *v) { return v->kind == MISSING || v->kind == NUL; }

/* As Liquid's `blank`, or (`content_only`) as `first_nonblank` means it. */
static int is_blank(const Value *v, int content_only) {
    switch (v->kind) {
    case MISSING: case NUL: return YES;
    case FALSE_: return !content_only;
    case TEXT: return is_blank_text(v);
    case OBJECT: case ARRAY: return !content_only && v->flags & EMPTY ? YES : NO;
    default: return NO;
    }
}

/* The constant is a text without escapes, an integer, true, false or null. */
static int equals(const Value *v, const Value *constant) {
    if (v->kind == TEXT && constant->kind == TEXT && v->flags & ESCAPED) return UNKNOWN;
    if (v->kind == DECIMAL && constant->kind == INTEGER) return UNKNOWN;
    if (v->kind != constant->kind || v->kind == MISSING) return NO;
    return v->len == constant->len && !memcmp(v->at, constant->at, v->len);
}

/* ---- times ----------------------------------------------------------------------------------------------- */
static inline int two(const u8 *p) { return (p[0] - '0') * 10 + p[1] - '0'; }

static int is_day(int year, int month, int day) {
    static const u8 days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!year || month < 1 || month > 12 || day < 1) return 0;
    return day <= days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 || year % 400 == 0));
}

enum TimeOption { ZONE_IS_UTC = 1, STRICT = 2 };
/* True for an ISO 8601 text up to seconds and a fraction, in UTC. `*fraction` is where the fraction or zone begins.
   STRICT: for any time of RFC 3339. */
static int is_time(const u8 *p, uint32_t len, int options, const u8 **fraction) {
    const u8 *end = p + len;
    static const char shape[] = "0000-00-00T00:00:00";
    if (len < 19 || len > 100) return 0;
    for (int i = 0; i < 19; i++) {
        int is_gap = i == 10 && p[i] == ' ' && !(options & STRICT);
        if (shape[i] == '0' ? !is_digit(p[i]) : p[i] != (u8)shape[i] && !is_gap) return 0;
    }
    if (!is_day(two(p) * 100 + two(p + 2), two(p + 5), two(p + 8))) return 0;
    if (two(p + 11) > 23 || two(p + 14) > 59 || two(p + 17) > 59) return 0;
    *fraction = p += 19;
    if (*p == '.') {
        for (p++; p < end && is_digit(*p); p++) continue;
        if (p - *fraction < 2 || p - *fraction > 10) return 0;
    }
    len = (uint32_t)(end - p); /* of the zone */
    if (!len) return options == ZONE_IS_UTC;
    if (options & STRICT && len == 6 && (*p == '+' || *p == '-') && is_digit(p[1]) && is_digit(p[2]) && p[3] == ':')
        return is_digit(p[4]) && is_digit(p[5]) && two(p + 1) < 15 && two(p + 4) < 60;
    if (len == 6 || len == 5) return !memcmp(p, len == 6 ? "+00:00" : "+0000", len) && !(options & STRICT);
    return len == 1 && *p == 'Z';
}

/* A text that is a time in UTC, with milliseconds; other times are for Python. */
static int to_time(Work *w, const Value *v, int options, Value *to) {
    const u8 *from = v->at + 1, *fraction;
    u8 text[] = "\"0000-00-00T00:00:00.000Z\"";
    *to = *v;
    if (v->kind <= NUL) return 1;
    if (v->kind != TEXT || v->flags & ESCAPED || !is_time(from, v->len - 2, options, &fraction)) return 0;
    if (v->len == 26 && from[10] == 'T' && *fraction == '.' && from[23] == 'Z') return 1; /* as it is written */
    memcpy(text + 1, from, 10);
    memcpy(text + 12, from + 11, 8);
    for (int i = 1; i < 4 && *fraction == '.' && is_digit(fraction[i]); i++) text[20 + i] = fraction[i];
    *to = (Value){w->top, 26, TEXT, 0};
    return put(w, text, 26);
}

/* ---- casts ----------------------------------------------------------------------------------------------- */
/* The integer that a decimal number such as 5.00 is; 0 if it has a fraction. */
static int whole_part(const Value *v, Value *to) {
    const u8 *point = memchr(v->at, '.', v->len);
    if (!point || v->flags & ODD) return 0;
    for (const u8 *p = point + 1; p < v->at + v->len; p++)
        if (*p != '0') return 0;
    *to = (Value){v->at, (uint32_t)(point - v->at), INTEGER, 0};
    return 1;
}

static int to_text(Work *w, const Value *v, Value *to) {
    Value plain = *v;
    u8 *from = w->top;
    *to = *v;
    if (v->kind <= NUL || v->kind == TEXT) return 1;
    if (v->kind > TEXT || v->flags & ODD) return 0;
    if (v->kind == DECIMAL && whole_part(v, &plain) && plain.len == 2 && *plain.at == '-') return 0; /* -0.0 */
    if (!put(w, "\"", 1) || !put_value(w, &plain) || !put(w, "\"", 1)) return 0;
    *to = (Value){from, (uint32_t)(w->top - from), TEXT, 0};
    return 1;
}

/* The order of a time and a bound; UNKNOWN is 2 here. A bound that is missing is open. */
static int order_of(const Value *time, const Value *bound) {
    if (bound->kind == MISSING) return 0;
    if (time->kind != TEXT || time->len != 26 || bound->kind != TEXT || bound->len != 26) return 2;
    int order = memcmp(time->at, bound->at, 26);
    return (order > 0) - (order < 0);
}

/* ---- calls of Python ------------------------------------------------------------------------------------- */
/* The value that Python made: the bytes of JSON text as the encoder writes it. */
static int value_of(PyObject *bytes, Value *to) {
    char *text;
    Py_ssize_t len;
    const u8 *at;
    u8 kind, flags = 0;
    if (bytes == Py_None) {
        *to = (Value){0, 0, MISSING, 0};
        return 1;
    }
    if (!PyBytes_CheckExact(bytes) || PyBytes_AsStringAndSize(bytes, &text, &len) < 0) return 0;
    if (len < 1 || len > MAX_BODY) return 0;
    at = (const u8 *)text;
    if (is_digit(*at) || *at == '-') {
        if (number_end(at, &kind, &flags) != at + len) return 0;
    } else {
        const char first[] = "nft\"{[", *found = *at ? strchr(first, *at) : 0;
        static const u8 kinds[] = {NUL, FALSE_, TRUE_, TEXT, OBJECT, ARRAY};
        if (!found) return 0;
        kind = kinds[found - first];
    }
    if (kind >= TEXT && len < 2) return 0;
    if (kind == TEXT && memchr(at, '\\', len)) flags = ESCAPED;
    if (kind > TEXT && len == 2) flags = EMPTY;
    *to = (Value){at, (uint32_t)len, kind, flags};
    return 1;
}

/* Writes an object with those members of the payload that a call reads; `depth` bounds the recursion. */
static int put_arguments(Work *w, const Argument *argument, uint32_t count, int depth) {
    const Program *g = w->program;
    const Argument *end = argument + count;
    if (!depth || !put(w, "{", 1)) return 0;
    while (argument < end) {
        const Constant *name = &g->constants[argument->name];
        const Value *value = &w->value[argument->slot];
        uint32_t inside = argument->inside;
        if (value->kind != MISSING) {
            if (w->top[-1] != '{' && !put(w, ",", 1)) return 0;
            if (!put(w, g->texts + name->at, name->len)) return 0;
            int opens = inside && value->kind == OBJECT;
            if (opens && !put_arguments(w, argument + 1, inside, depth - 1)) return 0;
            if (!opens && !put(w, value->at, value->len)) return 0;
        }
        argument += 1 + inside;
    }
    return put(w, "}", 1);
}

/* The same as bytes; None if the call reads nothing. */
static PyObject *members_for(Work *w, uint32_t first, uint32_t count) {
    u8 *from = w->top;
    PyObject *made = 0;
    if (!count) Py_RETURN_NONE;
    if (put_arguments(w, w->program->arguments + first, count, MAX_ARGUMENT_DEPTH))
        made = PyBytes_FromStringAndSize((const char *)from, w->top - from);
    w->top = from;
    return made;
}

/* Lets Python compute a value; 0 if it cannot. An exception that is left, as by Ctrl-C, is for the caller. */
static int call_python(Work *w, PyObject *function, uint32_t index, Value *to) {
    const Call *call = &w->program->calls[index];
    PyObject *number, *item, *body, *made = 0;
    if (w->held_count == MAX_CALLS || (call->reads_body && w->body_is_array)) return 0;
    number = PyLong_FromLong((long)index);
    item = members_for(w, call->item_first, call->item_count);
    body = members_for(w, call->body_first, call->body_count);
    if (number && item && body) made = PyObject_CallFunctionObjArgs(function, number, item, body, w->request, NULL);
    Py_XDECREF(number), Py_XDECREF(item), Py_XDECREF(body);
    if (made) w->held[w->held_count++] = made; /* the value lies in it */
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_Exception)) PyErr_Clear();
    return made && value_of(made, to);
}

/* ---- the program ----------------------------------------------------------------------------------------- */
enum Code {
    END, DOUBT, MOVE, LOAD,
    IS_BLANK, IS_NOTHING, EQUALS, IS_TRUE, IS_KIND, NOT,
    JUMP, JUMP_IF, JUMP_UNLESS, SKIP,
    NEED_KIND, NEED_CONTENT, NEED_TIME,
    TO_TEXT, TO_TIME, WITHIN,
    BEGIN, FINISH, PUT, PUT_TEXT, MEMBER, SPREAD, LIST,
    CALL,
    CODES
};

/* The operands of each code: R a register, W one of a result, C a constant, T a place ahead in the program, K a call,
   S a slot of the item, N a number. */
static const char operands[CODES][4] = {
    [END] = "", [DOUBT] = "", [MOVE] = "WR", [LOAD] = "WC",
    [IS_BLANK] = "RNN", [IS_NOTHING] = "R", [EQUALS] = "RC", [IS_TRUE] = "R", [IS_KIND] = "RN",
    [NOT] = "", [JUMP] = "T", [JUMP_IF] = "T", [JUMP_UNLESS] = "T", [SKIP] = "N",
    [NEED_KIND] = "RN", [NEED_CONTENT] = "R", [NEED_TIME] = "R",
    [TO_TEXT] = "WR", [TO_TIME] = "WRN", [WITHIN] = "WRR",
    [BEGIN] = "", [FINISH] = "WN", [PUT] = "NC", [PUT_TEXT] = "R", [MEMBER] = "RCN",
    [SPREAD] = "R", [LIST] = "WS", [CALL] = "WK",
};

static int put_constant(Work *w, uint32_t index, int skipped) {
    const Constant *constant = &w->program->constants[index];
    return put(w, w->program->texts + constant->at + skipped, constant->len - skipped);
}

/* A value inside of a text that is joined: nothing, a text, an integer, true or false. */
static int put_text(Work *w, const Value *v) {
    if (v->kind <= NUL) return 1;
    if (v->kind == TEXT && v->flags & UNEVEN) return put_even(w, v->at + 1, v->at + v->len - 1, 1);
    if (v->kind == TEXT) return put(w, v->at + 1, v->len - 2); /* the quotes are there: see `Value` */
    return v->kind < TEXT && !(v->flags & ODD) && put_value(w, v);
}

/* A member of the object in the making; its constant begins with a comma. */
static int put_member(Work *w, const Value *v, uint32_t name, int nullable) {
    int is_first = w->top > w->out && w->top[-1] == '{';
    if (v->kind == MISSING || (v->kind == NUL && !nullable)) return 1;
    return put_constant(w, name, is_first) && put_value(w, v);
}

/* The members of an object that passes as it is. */
static int put_members(Work *w, const Value *v) {
    Value inside = *v;
    if (v->kind <= NUL) return 1;
    if (v->kind != OBJECT || v->flags & GUARDED || v->len < 2) return 0;
    if (v->flags & EMPTY) return 1;
    inside.at++, inside.len -= 2;
    if (w->top > w->out && w->top[-1] != '{' && !put(w, ",", 1)) return 0;
    return put_value(w, &inside);
}

static int put_list(Work *w, uint32_t slot, Value *to) {
    u8 *from = w->top;
    if (!put(w, "[", 1)) return 0;
    for (uint32_t i = 0; i < w->matches; i++) {
        if (w->match[i].slot != slot) continue;
        if (w->top > from + 1 && !put(w, ",", 1)) return 0;
        if (!put_value(w, &w->match[i].value)) return 0;
    }
    if (!put(w, "]", 1)) return 0;
    *to = (Value){from, (uint32_t)(w->top - from), ARRAY, w->top - from == 2 ? EMPTY : 0};
    return 1;
}

/* The value that was written since `from`. */
static int finish(Work *w, const u8 *from, uint32_t kind, Value *to) {
    uint32_t len = (uint32_t)(w->top - from);
    u8 flags = 0;
    if (len < 2 || len > MAX_TEXT || (kind != TEXT && kind != OBJECT)) return 0;
    if (kind == TEXT && memchr(from, '\\', len)) flags = ESCAPED;
    if (kind == OBJECT && len == 2) flags = EMPTY;
    *to = (Value){from, len, (u8)kind, flags};
    return 1;
}

/* Runs the program on what was noted: the bytes of an event, the number of a rule that skips the item, or None; 0
   without an exception if the events are so large that Python has to measure them.
   Jumps lead ahead, so it ends. Without certainty it goes on at `on_doubt`, where Python computes the value; 0: None. */
static PyObject *run(Work *w, PyObject *function) {
    const Program *g = w->program;
    const Op *last = g->ops + g->head.op_count;
    const u8 *mark = w->top, *fraction;
    int answer = NO;
    for (const Op *op = g->ops; op < last; op++) {
        char kind = operands[op->code][0];
        Value *a = &w->value[kind == 'R' || kind == 'W' ? op->a : 0];
        const Value *b = &w->value[operands[op->code][1] == 'R' ? op->b : 0];
        int sure = 1;
        switch ((enum Code)op->code) {
        case END: return (w->room -= w->top - mark) < 0 ? 0 : PyBytes_FromStringAndSize((const char *)mark, w->top - mark);
        case DOUBT: sure = 0; break;
        case MOVE: *a = *b; break;
        case LOAD: case EQUALS: {
            const Constant *constant = &g->constants[op->b];
            Value value = {g->texts + constant->at, constant->len, (u8)constant->kind, 0};
            if (value.kind > TEXT && value.len == 2) value.flags = EMPTY;
            if (value.kind == TEXT && memchr(value.at, '\\', value.len)) value.flags = ESCAPED;
            if (op->code == LOAD) *a = value;
            else answer = equals(a, &value);
            break;
        }
        case IS_BLANK: answer = is_blank(a, op->b); break;
        case IS_NOTHING: answer = is_nothing(a); break;
        case IS_TRUE: answer = a->kind > FALSE_; break;
        case IS_KIND: answer = op->b >> a->kind & 1; break;
        case NOT: answer = !answer; break;
        case JUMP: op = g->ops + op->a - 1; break;
        case JUMP_IF: if (answer) op = g->ops + op->a - 1; break;
        case JUMP_UNLESS: if (!answer) op = g->ops + op->a - 1; break;
        case SKIP: return PyLong_FromLong((long)op->a);
        case NEED_KIND: sure = op->b >> a->kind & 1; break;
        case NEED_CONTENT: sure = a->kind == TEXT && is_blank_text(a) == NO; break;
        case NEED_TIME: sure = a->kind == TEXT && is_time(a->at + 1, a->len - 2, STRICT, &fraction); break;
        case TO_TEXT: sure = to_text(w, b, a); break;
        case TO_TIME: sure = to_time(w, b, op->c, a); break;
        case WITHIN:
            if (is_nothing(a)) break;
            sure = order_of(a, b) != 2 && order_of(a, &w->value[op->c]) != 2;
            if (sure && (order_of(a, b) < 0 || order_of(a, &w->value[op->c]) > 0)) a->kind = MISSING;
            break;
        case BEGIN: mark = w->top; break;
        case FINISH: sure = finish(w, mark, op->b, a); break;
        case PUT: sure = put_constant(w, op->b, 0); break;
        case PUT_TEXT: sure = put_text(w, a); break;
        case MEMBER: sure = put_member(w, a, op->b, op->c); break;
        case SPREAD: sure = put_members(w, a); break;
        case LIST: sure = put_list(w, op->b, a); break;
        case CALL: sure = call_python(w, function, op->b, a); break;
        case CODES: sure = 0; break;
        }
        if (sure && answer != UNKNOWN) continue;
        if (PyErr_Occurred()) return 0;
        if (!op->on_doubt) break;
        answer = NO;
        op = g->ops + op->on_doubt - 1;
    }
    Py_RETURN_NONE;
}

/* ---- bodies ---------------------------------------------------------------------------------------------- */
static void forget(Work *w, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) w->value[i].kind = MISSING;
}

/* The outcome of the item whose values are noted, as `run` gives it. */
static PyObject *outcome_of(Work *w, PyObject *function) {
    uint32_t results = w->program->head.item_slots + w->program->head.body_slots + w->program->head.given;
    PyObject *outcome;
    forget(w, results, w->program->head.registers - results);
    w->top = w->out;
    outcome = run(w, function);
    while (w->held_count) Py_DECREF(w->held[--w->held_count]);
    return outcome;
}

/* Maps the item at *from and moves *from behind it; no outcome and *from = 0 if the text is not for the core. */
static PyObject *map_item(Work *w, const u8 **from, PyObject *function) {
    const u8 *end = 0;
    w->matches = w->names = 0;
    forget(w, 0, w->program->head.item_slots);
    if (**from == '{') end = scan(w, *from, w->program->head.item_node);
    if (end) {
        *from = end;
        return outcome_of(w, function);
    }
    w->names = 0;
    *from = w->is_strict ? 0 : scan(w, *from, 0); /* without looking for anything: the other items may be mapped */
    if (!*from) return 0;
    Py_RETURN_NONE;
}

/* As `map_item`, for an item that is a member of the element at *from; *from = 0 if it has no such member. */
static PyObject *map_inner(Work *w, const u8 **from, const Alternative *each, PyObject *function) {
    const u8 *inner, *end = 0;
    PyObject *found;
    w->matches = w->names = 0;
    forget(w, 0, w->program->head.item_slots);
    w->value[each->inner_slot].kind = MISSING;
    if (**from == '{') end = scan(w, *from, each->inner_node);
    *from = 0;
    w->is_unselected = end && w->value[each->inner_slot].kind == MISSING;
    if (!end || w->value[each->inner_slot].kind != OBJECT) return 0;
    inner = w->value[each->inner_slot].at;
    found = map_item(w, &inner, function);
    *from = end;
    return found;
}

/* Adds the outcome of each element of the array at `p`; its end, or 0 if the body is left. */
static const u8 *map_elements(Work *w, const u8 *p, const Alternative *each, PyObject *outcomes, PyObject *function) {
    p = skip_blanks(w, p + 1);
    for (int64_t count = 0; count < w->max_items; count++) {
        PyObject *found = each->inner_node ? map_inner(w, &p, each, function) : map_item(w, &p, function);
        int added = found ? PyList_Append(outcomes, found) : -1;
        Py_XDECREF(found);
        if (added < 0) return 0;
        p = skip_blanks(w, p);
        if (*p == ']') return p + 1;
        if (*p != ',') return 0;
        p = skip_blanks(w, p + 1);
    }
    return 0;
}

/* The number of the first alternative of `each`, from one on, that selects in this body, and the value it selects;
   -1 for none, or if that is not certain. */
static int find_items(const Work *w, const Value *root, uint32_t first, Value *found) {
    const Program *g = w->program;
    for (uint32_t i = first; i < g->head.each_count; i++) {
        const Alternative *each = &g->each[i];
        if (each->holder != NONE && root->kind == ARRAY) continue;
        *found = each->holder == NONE ? *root : w->value[each->holder];
        if (found->kind == MISSING) continue;
        if (found->kind == ARRAY) return found->flags & EMPTY ? -1 : (int)i;
        if (each->form == ELEMENTS) continue;
        if (each->form == ALL && found->kind != OBJECT) continue;
        return each->form == VALUE_OR_ELEMENTS && found->kind == OBJECT && !each->inner_node ? (int)i : -1;
    }
    return -1;
}

/* (number of the alternative, outcomes) of the items in a value that an alternative has selected; 0 if they are
   left. An array that is the body itself has to end it. */
static PyObject *map_found(Work *w, int index, const Value *found, const u8 *root, PyObject *function) {
    const Alternative *each = &w->program->each[index];
    PyObject *outcomes = PyList_New(0), *item;
    const u8 *end = found->at;
    if (!outcomes) return 0;
    if (found->kind == ARRAY) {
        end = map_elements(w, end, each, outcomes, function);
        if (end && found->at == root && skip_blanks(w, end) != w->end) end = 0;
    } else {
        item = map_item(w, &end, function);
        if (!item || PyList_Append(outcomes, item) < 0) end = 0;
        Py_XDECREF(item);
    }
    if (end) return Py_BuildValue("iN", index, outcomes);
    w->is_unselected &= PyList_Size(outcomes) == 0;
    Py_DECREF(outcomes);
    return 0;
}

/* The outcomes of a body: that of its one item, or those of several as `map_found` gives them; 0 if it is left. */
static PyObject *map_value(Work *w, const u8 *p, PyObject *function) {
    Value root = {p, 0, *p == '[' ? ARRAY : OBJECT, 0}, found;
    int index;
    if (root.kind == OBJECT) {
        const u8 *end = *p == '{' ? scan(w, p, w->program->head.body_node) : 0;
        if (!end || skip_blanks(w, end) != w->end) return 0;
    } else if (*skip_blanks(w, p + 1) == ']') {
        root.flags = EMPTY;
    }
    w->body_is_array = root.kind == ARRAY;
    w->is_strict = 0;
    for (index = find_items(w, &root, 0, &found); index >= 0;) {
        PyObject *outcomes;
        if (found.at == p && root.kind == OBJECT) return outcome_of(w, function);
        w->is_unselected = 0;
        outcomes = map_found(w, index, &found, p, function);
        /* The first element may lack the member that the items are. If all do, a later alternative selects: then
           no element may hold such a member, which is FORBIDDEN, or be left without having been looked into. */
        if (outcomes || PyErr_Occurred() || !w->is_unselected || root.kind != ARRAY) return outcomes;
        w->is_strict = 1;
        index = find_items(w, &root, (uint32_t)index + 1, &found);
    }
    return 0;
}

/* map(body, request, given, function, max_items): the outcomes of a body; None if Python has to map it. `given` are
   the values of the request as JSON text, `function` computes values: (number, item, body, request) -> bytes | None. */
static PyObject *map_body(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    const Program *g = (const Program *)self;
    Work w;
    u8 small[SMALL_OUTPUT];
    char *text;
    Py_ssize_t len, room;
    uint32_t first = g->head.item_slots + g->head.body_slots; /* of the registers of the request */
    PyObject *found;
    if (count != 5 || !PyTuple_Check(args[2]) || !PyLong_Check(args[4])) {
        PyErr_SetString(PyExc_TypeError, "map(body, request, given, function, max_items)");
        return 0;
    }
    if (!PyBytes_CheckExact(args[0])) Py_RETURN_NONE;
    if (PyBytes_AsStringAndSize(args[0], &text, &len) < 0) return 0;
    if (len > MAX_BODY || PyTuple_Size(args[2]) != (Py_ssize_t)g->head.given) Py_RETURN_NONE;
    w.program = g, w.request = args[1], w.end = (const u8 *)text + len;
    w.names = w.matches = w.uneven = w.values = w.held_count = 0, w.max_items = PyLong_AsLongLong(args[4]);
    w.comparisons = COMPARISONS * (int64_t)len, w.room = 2 * (int64_t)len + MAX_EVENT_ROOM;
    forget(&w, 0, first);
    for (uint32_t i = 0; i < g->head.given; i++)
        if (!value_of(PyTuple_GetItem(args[2], i), &w.value[first + i])) Py_RETURN_NONE;
    room = (Py_ssize_t)g->head.growth * len + (Py_ssize_t)g->head.reserve;
    w.out = room <= SMALL_OUTPUT ? small : PyMem_Malloc((size_t)room);
    if (!w.out) return PyErr_NoMemory();
    w.top = w.out, w.limit = w.out + room;
    found = PyErr_Occurred() ? 0 : map_value(&w, skip_blanks(&w, (const u8 *)text), args[3]);
    if (w.out != small) PyMem_Free(w.out);
    if (found || PyErr_Occurred()) return found;
    Py_RETURN_NONE;
}

/* ---- loading --------------------------------------------------------------------------------------------- */
static int is_part(uint32_t most, uint32_t first, uint32_t count) { return first <= most && count <= most - first; }

/* The fields of the structures of a program; see `is_operand`. Node, Member, Op, Constant, Call, Argument, Each. */
static const char *const fields[] = {"NNsnF", "LLssnFG", "LLLLL", "LLN", "NNNNF", "CqN", "sGns"};
/* Members by their names; every member belongs to one node, and a row of a node leads to its own members alone. */
static int load_nodes(Program *g) {
    uint32_t taken = 0;
    for (uint32_t i = 0; i < g->head.node_count; i++) {
        const Node *node = &g->nodes[i];
        if (node->first != taken || node->count > MAX_MEMBERS) return 0;
        if (!is_part(g->head.member_count, taken, node->count)) return 0;
        for (uint32_t k = 0; k < node->count; k++, taken++) {
            const Member *member = &g->members[taken];
            if (!is_part(g->text_len, member->at, member->len)) return 0;
            u8 *row = &g->rows[i * ROWS + row_of(g->texts + member->at, member->len)];
            g->next_in_row[taken] = *row;
            *row = (u8)(k + 1);
        }
    }
    return taken == g->head.member_count && !g->nodes[0].count && !g->nodes[0].element_child &&
           g->nodes[0].element_slot == NONE && !g->nodes[0].element_raw;
}

/* True if a number is what the field of a structure, or the operand of an instruction, may hold. */
static int is_operand(const Program *g, char kind, uint32_t number, uint32_t op) {
    switch (kind) {
    case 'R': return number < g->head.registers;
    case 'W': return number < g->head.registers && number >= g->head.item_slots + g->head.body_slots + g->head.given;
    case 'C': return number < g->head.constant_count;
    case 'T': return number > op && number <= g->head.op_count;
    case 'K': return number < g->head.call_count;
    case 'S': return number < g->head.item_slots;
    case 'q': return number < g->head.item_slots + g->head.body_slots;
    case 's': return number == NONE || number < g->head.item_slots + g->head.body_slots;
    case 'n': return number < g->head.node_count;
    case 'F': return number < 2;
    case 'G': return number < 3;
    case 'L': return number < UINT32_MAX;
    default: return number < NONE;
    }
}

static int load_ops(const Program *g) {
    for (uint32_t i = 0; i < g->head.op_count; i++) {
        const Op *op = &g->ops[i];
        if (op->code >= CODES || !is_operand(g, operands[op->code][0], op->a, i)) return 0;
        if (!is_operand(g, operands[op->code][1], op->b, i) || !is_operand(g, operands[op->code][2], op->c, i)) return 0;
        if (op->on_doubt && !is_operand(g, 'T', op->on_doubt, i)) return 0;
    }
    return 1;
}

/* Constants are JSON text, or (of no kind) pieces of the output. */
static int load_others(const Program *g) {
    uint32_t arguments = g->head.argument_count;
    for (uint32_t i = 0; i < g->head.constant_count; i++) {
        const Constant *constant = &g->constants[i];
        if (!is_part(g->text_len, constant->at, constant->len) || constant->kind > ARRAY) return 0;
        if (constant->len < (constant->kind >= TEXT ? 2 : 1)) return 0;
    }
    for (uint32_t i = 0; i < arguments; i++)
        if (g->arguments[i].inside >= arguments - i) return 0;
    for (uint32_t i = 0; i < g->head.call_count; i++) {
        const Call *call = &g->calls[i];
        if (!is_part(arguments, call->item_first, call->item_count)) return 0;
        if (!is_part(arguments, call->body_first, call->body_count)) return 0;
    }
    for (uint32_t i = 0; i < g->head.each_count; i++)
        if (g->each[i].inner_node && !is_operand(g, 'q', g->each[i].inner_slot, 0)) return 0;
    return 1;
}

/* Checks and keeps all of a program, so that nothing has to be checked later. `texts` are already kept. */
static int load(Program *g, const char *numbers, size_t size) {
    static const uint32_t most[] = {1000, 8000, 30000, 30000, 1000, 8000, 100};
    const uint32_t *parts[7], *at;
    const Header *head = &g->head;
    uint64_t total = sizeof *head / 4;
    if (size < sizeof *head) return 0;
    g->numbers = PyMem_Malloc(size);
    if (!g->numbers) return 0;
    memcpy(g->numbers, numbers, size);
    memcpy(&g->head, numbers, sizeof *head);
    if (head->version != FORMAT_VERSION || head->registers > MAX_REGISTERS || head->registers < 1) return 0;
    if ((uint64_t)head->item_slots + head->body_slots + head->given > head->registers) return 0;
    if (head->body_node >= head->node_count || head->item_node >= head->node_count) return 0;
    if (head->reserve > MAX_BODY || head->growth > MAX_GROWTH) return 0;
    total += head->item_slots;
    at = g->is_list = g->numbers + sizeof *head / 4;
    at += head->item_slots;
    for (int i = 0; i < 7; i++) {
        uint32_t width = (uint32_t)strlen(fields[i]), count = (&head->node_count)[i];
        if (count > most[i]) return 0;
        total += (uint64_t)count * width;
        if (total * 4 > size) return 0;
        parts[i] = at;
        for (uint32_t k = 0; k < count * width; k++)
            if (!is_operand(g, fields[i][k % width], *at++, 0)) return 0;
    }
    if (total * 4 != size) return 0;
    g->nodes = (const Node *)parts[0], g->members = (const Member *)parts[1], g->ops = (const Op *)parts[2];
    g->constants = (const Constant *)parts[3], g->calls = (const Call *)parts[4];
    g->arguments = (const Argument *)parts[5], g->each = (const Alternative *)parts[6];
    g->rows = PyMem_Calloc(head->node_count, ROWS);
    g->next_in_row = PyMem_Calloc(head->member_count + 1, 1);
    return g->rows && g->next_in_row && load_nodes(g) && load_ops(g) && load_others(g);
}

static void dealloc(PyObject *self) {
    Program *g = (Program *)self;
    PyTypeObject *type = Py_TYPE(self);
    void *parts[] = {g->numbers, g->texts, g->rows, g->next_in_row};
    for (int i = 0; i < 4; i++) PyMem_Free(parts[i]);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

/* Program(numbers, texts): numbers of four bytes each, as this machine has them, and the texts they point into.
   Raises ValueError for anything that is not a program of this version. */
static PyObject *make(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    const char *numbers, *texts;
    Py_ssize_t size, text_len;
    Program *g;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "y#y#", &numbers, &size, &texts, &text_len)) return 0;
    g = (Program *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0); /* all zero */
    if (!g) return 0;
    g->texts = text_len <= MAX_BODY && size % 4 == 0 ? PyMem_Calloc((size_t)text_len + 1, 1) : 0;
    g->text_len = (uint32_t)text_len;
    if (g->texts) {
        memcpy(g->texts, texts, (size_t)text_len);
        if (load(g, numbers, (size_t)size)) return (PyObject *)g;
    }
    Py_DECREF(g);
    PyErr_SetString(PyExc_ValueError, "not a program of this core");
    return 0;
}

static PyMethodDef methods[] = {{"map", (PyCFunction)(void (*)(void))map_body, METH_FASTCALL, 0}, {0, 0, 0, 0}};
static PyType_Slot slots[] = {{Py_tp_new, make}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {0, 0}};
static PyType_Spec spec = {"mapper.native._core.Program", sizeof(Program), 0, Py_TPFLAGS_DEFAULT, slots};

static int fill(PyObject *module) {
    PyObject *type = PyType_FromSpec(&spec);
    int failed = !type || PyModule_AddObjectRef(module, "Program", type) < 0;
    Py_XDECREF(type);
    return failed ? -1 : 0;
}
static PyModuleDef_Slot phases[] = {{Py_mod_exec, fill}, {0, 0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_core", 0, 0, 0, phases, 0, 0, 0};
PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&module); }
