// A store of the app's own, as the framework allows: everything in one file, which outlives the app.
const fs = require("node:fs");

class FileStore {
  constructor(file) {
    this.file = file;
    this.kept = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
  }

  isMemoryStore() {
    return false;
  }

  async get(key, clientKey) {
    return this.kept[`${clientKey} ${key}`] ?? null;
  }

  async set(key, value, clientKey) {
    this.kept[`${clientKey} ${key}`] = value;
    fs.writeFileSync(this.file, JSON.stringify(this.kept));
    return value;
  }

  async del(key, clientKey) {
    delete this.kept[`${clientKey} ${key}`];
    fs.writeFileSync(this.file, JSON.stringify(this.kept));
  }

  async saveInstallation(value, clientKey) {
    return this.set("clientInfo", value, clientKey);
  }

  async getAllClientInfos() {
    return Object.keys(this.kept).filter((name) => name.endsWith(" clientInfo")).map((name) => this.kept[name]);
  }
}

module.exports = (logger, options) => new FileStore(options.file);
