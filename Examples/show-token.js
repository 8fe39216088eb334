// What an app does: it requires the file that tokenkeep writes, and uses what is in it.
"use strict";
const path = require("node:path");

const secrets = require(path.resolve(process.argv[2] ?? "secrets.js"));
const minutes = Math.round((Number(secrets.TIKTOK_EXPIRES_AT) * 1000 - Date.now()) / 60000);
console.log(`TIKTOK_ACCESS_TOKEN: ${secrets.TIKTOK_ACCESS_TOKEN.length} characters, valid for ${minutes} min`);
