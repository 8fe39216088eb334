module.exports = {
  apps: [
    { name: "api", script: "server.js", env: { LISTEN: "127.0.0.1:8080" } },
  ],
};
