#ifndef CCURL_H
#define CCURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One HTTP request. Whatever is pointed to is lent for the length of the call.
struct ccurl_request {
    const char *url;
    /// Header lines, each ended by NUL, the last one followed by an empty line.
    const char *headers;
    /// The body of a POST; `is_post` false makes a GET.
    const uint8_t *body;
    size_t body_length;
    bool is_post;
    /// The target is this machine: no proxy is asked.
    bool is_loopback;
    /// Limits in milliseconds, more than zero: until the connection is secured, and for everything.
    long connect_timeout;
    long timeout;
    /// Where the answer's body is written. What does not fit ends the request.
    uint8_t *answer;
    size_t answer_limit;
};

/// How a request ended.
enum ccurl_end {
    /// A whole answer arrived, as far as its framing can tell.
    CCURL_ANSWERED,
    /// Not a byte of the request was sent: no address, no connection, no way through the proxy, or a setting refused.
    CCURL_NOT_CONNECTED,
    /// Not a byte of the request was sent: the TLS handshake did not finish.
    CCURL_NOT_SECURED,
    /// The request may have been received, and no whole answer arrived.
    CCURL_BROKEN_OFF,
    /// The request was received, and its answer is over the limit.
    CCURL_TOO_LARGE,
} __attribute__((enum_extensibility(closed)));

/// What came of a request.
struct ccurl_outcome {
    enum ccurl_end end;
    /// The status and headers of the final answer, once they have arrived whole; until then the status is zero.
    long status;
    char content_type[256];
    char date[64];
    char retry_after[64];
    /// The body's end was marked by a length or a last chunk.
    bool is_delimited;
    size_t answer_length;
    /// libcurl's words for a failure; empty for an answer.
    char reason[256];
};

/// Opens libcurl, the first time it is called. NULL, or why it cannot be opened.
const char *ccurl_open(void);

/// Sends one request and waits for its end. Only after `ccurl_open` has given NULL.
void ccurl_perform(const struct ccurl_request *request, struct ccurl_outcome *outcome);

/// Seconds since 1970 of an HTTP date, or -1. Only after `ccurl_open` has given NULL.
int64_t ccurl_parse_date(const char *text);

/// The version of libcurl and of its TLS library. Only after `ccurl_open` has given NULL.
const char *ccurl_version(void);
const char *ccurl_tls_version(void);

#endif
