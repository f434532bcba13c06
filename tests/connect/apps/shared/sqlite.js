// SQLite in WebAssembly, so that nothing has to be compiled; with what Sequelize expects of the real driver: the name
// of its file, by which a database in memory is kept, and statements that wait until the database is open.
const { Database: Bare, ...others } = require("sql.js-as-sqlite3");

class Database extends Bare {
  constructor(filename, ...more) {
    super(filename, ...more);
    this.filename = filename;
  }

  serialize(run) {
    if (this.database) super.serialize(run);
    else this.once("open", () => super.serialize(run));
  }
}

module.exports = { ...others, Database };
