// A service that runs for months and always has today's token: secrets.js reads its own file again when it was rewritten.
"use strict";
const { createHash } = require("node:crypto");
const http = require("node:http");
const secrets = require("./secrets.js");

// A token in a log is a token lost; eight digits of its digest tell two of them apart.
const mark = (token) => createHash("sha256").update(token).digest("hex").slice(0, 8);

const [host, port] = process.env.LISTEN.split(":");
http.createServer((request, response) => {
  // Read at the moment of use. A real service would put it into `Authorization: Bearer …` here.
  response.end(`token ${mark(secrets.TIKTOK_ACCESS_TOKEN)}, process ${process.pid}\n`);
}).listen(Number(port), host);
