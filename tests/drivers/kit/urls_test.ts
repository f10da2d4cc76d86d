/** What drivers ask about URLs, hosts and credentials; no error repeats what it is about. */

import assert from "node:assert/strict";
import {
  checkToken,
  decodedPart,
  hasLogin,
  hostAndPort,
  nameOf,
  parsed,
  secureUrl,
} from "../../../drivers/kit/urls.ts";

/** It is refused, in these words and without the secret. */
function refused(work: () => unknown, words: RegExp, what: string): void {
  assert.throws(work, (error: Error & { code?: string }) => {
    assert.equal(error.code, "invalid-argument", what);
    assert.match(error.message, words, what);
    assert.doesNotMatch(error.message, /s3cr3t/, what);
    return true;
  }, what);
}

Deno.test("a name stands alone in its URL, and may be percent-encoded", () => {
  for (
    const [url, name] of [
      ["ipc:a", "a"],
      ["ipc://a", "a"],
      ["IPC:a/", "a"],
      ["ipc://a%2Fb%20/", "a/b "],
      ["ipc:", "baton"],
      ["ipc://", "baton"],
      ["ipc:/", "baton"],
    ] as const
  ) assert.equal(nameOf("ipc", url), name, url);
  for (const rest of ["a/s3cr3t", "a?s3cr3t", "a#s3cr3t", "s3cr3t@h", "u:s3cr3t", "///s3cr3t"]) {
    refused(() => nameOf("ipc", `ipc:${rest}`), /must be ipc:NAME/, rest);
  }
  refused(() => nameOf("ipc", "x ipc:s3cr3t"), /must be ipc:NAME/, "before it");
  refused(() => nameOf("ipc", "ipc:s3cr3t%"), /the name of this URL.*broken/, "%");
  assert.equal(decodedPart("x", "%41"), "A");
});

Deno.test("a token is of characters that a header takes", () => {
  for (const token of ["a", "!~", "a.b-c_d"]) checkToken(token);
  for (const token of ["", "s3cr3t ", " s3cr3t", "s3cr3t\n", "s3cr3té", "\x7f", 7, undefined]) {
    refused(() => checkToken(token as string), /token: it is empty or has white space/, `${token}`);
  }
});

Deno.test("a secret goes to https, or to this machine, and to nothing that holds another one", () => {
  for (
    const url of [
      "https://h",
      "https://h:1/p",
      "http://localhost",
      "http://127.0.0.1:80",
      "http://[::1]",
    ]
  ) assert.equal(secureUrl(url)?.href, new URL(url).href);
  for (
    const url of [
      ...["http://h", "ftp://localhost", "h", "", "https://u@h", "https://:p@h", "https://h?a=1"],
      ...["https://h#a", "xhttps://h", "httpss://h"],
    ]
  ) assert.equal(secureUrl(url), undefined, url);
  assert.equal(parsed("h"), undefined);
  assert.equal(parsed("s:h")?.pathname, "h");
});

Deno.test("a login is a user and a password, encrypted, or within this machine, or as it was asked for", () => {
  const login = { user: "u", password: "s3cr3t" };
  assert.equal(hasLogin({}, ["h"]), false);
  assert.equal(hasLogin(login, ["localhost", "127.0.0.1", "::1"]), true);
  for (const tls of [true, false, { ca: "c" }]) {
    assert.equal(hasLogin({ ...login, tls }, ["h"]), true);
  }
  refused(() => hasLogin(login, ["localhost", "h"]), /it needs tls: true/, "another machine");
  for (
    const half of [
      ...[{ user: "u" }, { password: "s3cr3t" }, { user: "", password: "s3cr3t" }],
      ...[{ user: "u", password: "" }, { user: "", password: "" }],
    ]
  ) refused(() => hasLogin(half, ["localhost"]), /a user and a password, or neither/, `${half}`);
});

Deno.test("a place is a host and a port, which has a default", () => {
  for (
    const [text, host, port] of [
      ["h", "h", 7],
      ["h:1", "h", 1],
      ["a-b.c_d:65535", "a-b.c_d", 65_535],
      ["10.0.0.1", "10.0.0.1", 7],
      ["[::1]", "::1", 7],
      ["[fd00::Ff]:80", "fd00::Ff", 80],
      ["[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80],
    ] as const
  ) assert.deepEqual(hostAndPort("server", text, 7), { host, port }, text);
  for (
    const text of [
      ...["", ":1", "h:", "h:0", "h:65536", "h:s3cr3t", "::1", "[h]", "[::1", "a,b", "u:s3cr3t@h"],
      ...["s3cr3t://h:1", "h:1/s3cr3t", " h", 7, undefined],
    ]
  ) {
    refused(
      () => hostAndPort("server", text as string, 7),
      /server: it must be HOST:PORT/,
      `${text}`,
    );
  }
});
