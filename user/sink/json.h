/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a text is written in JSON. */
#ifndef SINK_JSON_H
#define SINK_JSON_H

#include "sink/writer.h"

/*
 * The text in quotes and on one line: control characters and line separators are escaped, and each
 * byte that is not valid UTF-8 becomes U+FFFD.
 */
void json_text(struct writer *writer, const char *text);

#endif
