#define _GNU_SOURCE
// CURLOPT_PROTOCOLS is the one spelling that every libcurl of today knows: its successor came with 7.85.
#define CURL_DISABLE_DEPRECATION
#include "CCurl.h"
#include "CLinux.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// MARK: - The library

#define SYMBOLS(X) \
    X(curl_global_init_mem) X(curl_version_info) X(curl_easy_init) X(curl_easy_setopt) X(curl_easy_perform) \
    X(curl_easy_strerror) X(curl_easy_cleanup) X(curl_slist_append) X(curl_slist_free_all) X(curl_getdate)

static struct {
#define MEMBER(name) __typeof__(&name) name;
    SYMBOLS(MEMBER)
#undef MEMBER
} lib;

static const curl_version_info_data *version;
static char open_failure[512];

// libcurl copies the request's headers and body, and what it receives, into memory of its own and frees it as it is.
// With these in place of malloc's own, every such copy is wiped.

static void open_library(void) {
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(open_failure, sizeof open_failure, "%s", dlerror());
        return;
    }
#define LOAD(name) \
    if (!(*(void **)&lib.name = dlsym(handle, #name))) { \
        snprintf(open_failure, sizeof open_failure, "libcurl.so.4 has no " #name); \
        return; \
    }
    SYMBOLS(LOAD)
#undef LOAD
    if (lib.curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, clinux_free, clinux_realloc, strdup, calloc)) {
        snprintf(open_failure, sizeof open_failure, "libcurl.so.4 does not start");
        return;
    }
    version = lib.curl_version_info(CURLVERSION_NOW);
}

const char *ccurl_open(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_library);
    return open_failure[0] ? open_failure : NULL;
}

const char *ccurl_version(void) { return version->version; }

const char *ccurl_tls_version(void) { return version->ssl_version ? version->ssl_version : ""; }

int64_t ccurl_parse_date(const char *text) { return lib.curl_getdate(text, NULL); }

// MARK: - One request

/// What the callbacks of one request share.
struct exchange {
    const struct ccurl_request *request;
    struct ccurl_outcome *outcome;
    /// A byte of the request may have left.
    bool may_be_sent;
    bool headers_are_whole;
    bool is_over_limit;
    size_t header_length;
    long status;
};

/// Called once the connection stands (proxy passed, TLS finished), and before the request's first byte. This, and not
/// an error code or a count of bytes, is the line between "not sent" and "may have been received": a timeout has the
/// same code on either side of it, and the byte counts include what was said to a proxy.
static int on_connected(void *context, char *remote, char *local, int remote_port, int local_port) {
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    struct exchange *exchange = context;
    // libcurl sends again only when a reused connection dies, and here none is reused. Should it ever try, for
    // whatever reason, a refresh token would be spent twice: refused.
    if (exchange->may_be_sent) return CURL_PREREQFUNC_ABORT;
    exchange->may_be_sent = true;
    return CURL_PREREQFUNC_OK;
}

static bool is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

/// Gives the value of a header line when the line is that header.
static bool find_value(const char *line, size_t length, const char *name, const char **value, size_t *value_length) {
    size_t start = strlen(name);
    if (length <= start || line[start] != ':' || strncasecmp(line, name, start) != 0) return false;
    for (start++; start < length && is_blank(line[start]); start++) {}
    while (length > start && is_blank(line[length - 1])) length--;
    *value = line + start;
    *value_length = length - start;
    return true;
}

/// Keeps a header's value; one that does not fit is no value that anyone reads, and is left out.
static void keep(char *field, size_t size, const char *value, size_t length) {
    if (length >= size) return;
    memcpy(field, value, length);
    field[length] = 0;
}

static void on_header_line(struct exchange *exchange, const char *line, size_t length) {
    struct ccurl_outcome *outcome = exchange->outcome;
    const char *value;
    size_t value_length;
    // Trailers come after the body, and are none of the headers.
    if (exchange->headers_are_whole) return;
    if (length >= 12 && strncasecmp(line, "HTTP/", 5) == 0) {
        // Each status line starts anew: what a 1xx answer said is forgotten.
        const char *status = memchr(line, ' ', length);
        exchange->status = status ? strtol(status, NULL, 10) : 0;
        outcome->content_type[0] = outcome->date[0] = outcome->retry_after[0] = 0;
        outcome->is_delimited = false;
    } else if (line[0] == '\r' || line[0] == '\n') {
        if (exchange->status >= 200) {
            exchange->headers_are_whole = true;
            outcome->status = exchange->status;
        }
    } else if (find_value(line, length, "Content-Type", &value, &value_length)) {
        keep(outcome->content_type, sizeof outcome->content_type, value, value_length);
    } else if (find_value(line, length, "Date", &value, &value_length)) {
        keep(outcome->date, sizeof outcome->date, value, value_length);
    } else if (find_value(line, length, "Retry-After", &value, &value_length)) {
        keep(outcome->retry_after, sizeof outcome->retry_after, value, value_length);
    } else if (find_value(line, length, "Content-Length", &value, &value_length)) {
        outcome->is_delimited = true;
    } else if (find_value(line, length, "Transfer-Encoding", &value, &value_length)) {
        outcome->is_delimited |= value_length >= 7 && strncasecmp(value + value_length - 7, "chunked", 7) == 0;
    }
}

static size_t on_header(char *line, size_t size, size_t count, void *context) {
    struct exchange *exchange = context;
    size_t length = size * count;
    exchange->header_length += length;
    if (exchange->header_length > exchange->request->answer_limit) {
        exchange->is_over_limit = true;
        return 0;
    }
    if (length > 0) on_header_line(exchange, line, length);
    return length;
}

static size_t on_body(char *data, size_t size, size_t count, void *context) {
    struct exchange *exchange = context;
    struct ccurl_outcome *outcome = exchange->outcome;
    size_t length = size * count;
    size_t room = exchange->request->answer_limit - outcome->answer_length;
    size_t taken = length < room ? length : room;
    memcpy(exchange->request->answer + outcome->answer_length, data, taken);
    outcome->answer_length += taken;
    exchange->is_over_limit |= taken < length;
    return taken;
}

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

/// Everything said of a request, in one place. False when libcurl refuses a part of it.
static bool configure(CURL *handle, struct exchange *exchange, struct curl_slist *headers, char *reason) {
    const struct ccurl_request *request = exchange->request;
    bool is_set = true;
#define SET(option, value) is_set = is_set && lib.curl_easy_setopt(handle, option, value) == CURLE_OK
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_HTTPHEADER, headers);
    // The headers hold the client's secret: they are for the provider, not for the proxy on the way.
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    if (request->is_post) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
        SET(CURLOPT_POSTFIELDS, request->body_length ? (const char *)request->body : "");
    }
    SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout);
    SET(CURLOPT_TIMEOUT_MS, request->timeout);

    // One request on a connection of its own, and nothing that libcurl would do by itself.
    SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROGRESS, 1L);

    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    // The variables that the curl command reads; libcurl reads those of proxies itself, but not these.
    const char *bundle = environment("CURL_CA_BUNDLE");
    const char *folder = bundle ? NULL : environment("SSL_CERT_DIR");
    const char *file = bundle ? bundle : environment("SSL_CERT_FILE");
    if (folder) SET(CURLOPT_CAPATH, folder);
    if (file) SET(CURLOPT_CAINFO, file);

    if (request->is_loopback) SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

    SET(CURLOPT_ERRORBUFFER, reason);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, exchange);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, exchange);
#undef SET
    if (!is_set) return false;

    // What older versions lack. Before 7.80 nothing tells that the request begins: then every failure is one after it.
    // Before 7.87 a resolver that hangs is waited for beyond the limit.
    lib.curl_easy_setopt(handle, CURLOPT_PREREQDATA, exchange);
    exchange->may_be_sent = lib.curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, on_connected) != CURLE_OK;
    lib.curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
    return true;
}

static struct curl_slist *header_list(const char *lines) {
    // An empty Expect: a server asked for "100 Continue" first might leave the body unsent and the outcome open.
    struct curl_slist *list = lib.curl_slist_append(NULL, "Expect:");
    for (; list && *lines; lines += strlen(lines) + 1) {
        struct curl_slist *longer = lib.curl_slist_append(list, lines);
        if (!longer) lib.curl_slist_free_all(list);
        list = longer;
    }
    return list;
}

static bool is_about_tls(CURLcode code) {
    switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return true;
    default:
        return false;
    }
}

static enum ccurl_end end_of(const struct exchange *exchange, CURLcode code) {
    if (exchange->is_over_limit) return CCURL_TOO_LARGE;
    // libcurl takes headers that are cut off for an answer without a body.
    if (code == CURLE_OK) return exchange->headers_are_whole ? CCURL_ANSWERED : CCURL_BROKEN_OFF;
    if (exchange->may_be_sent) return CCURL_BROKEN_OFF;
    return is_about_tls(code) ? CCURL_NOT_SECURED : CCURL_NOT_CONNECTED;
}

void ccurl_perform(const struct ccurl_request *request, struct ccurl_outcome *outcome) {
    memset(outcome, 0, sizeof *outcome);
    char reason[CURL_ERROR_SIZE] = "";
    struct exchange exchange = {.request = request, .outcome = outcome};
    CURLcode code = CURLE_OUT_OF_MEMORY;

    CURL *handle = lib.curl_easy_init();
    struct curl_slist *headers = header_list(request->headers);
    if (handle && headers) {
        bool is_set = configure(handle, &exchange, headers, reason);
        code = is_set ? lib.curl_easy_perform(handle) : CURLE_UNKNOWN_OPTION;
    }
    outcome->end = end_of(&exchange, code);
    if (code != CURLE_OK) {
        // A proxy's URL can hold a password, and some messages quote it.
        bool is_usable = reason[0] && !strchr(reason, '@') && !strstr(reason, "://");
        snprintf(outcome->reason, sizeof outcome->reason, "%s", is_usable ? reason : lib.curl_easy_strerror(code));
    } else if (outcome->end != CCURL_ANSWERED) {
        snprintf(outcome->reason, sizeof outcome->reason, "the headers of the answer are cut off");
    }
    lib.curl_slist_free_all(headers);
    if (handle) lib.curl_easy_cleanup(handle);
}
