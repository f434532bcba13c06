// Tradepost's addition to the frame side of the bridge: calls that apps know as functions of AP and that need more than
// one answer. Runs in the app's page, so it may be old browsers' business: no module, no new syntax.
(function () {
  "use strict";
  var AP = window.AP;
  if (!AP || !AP._hostModules) return;
  var modules = AP._hostModules;

  function isObject(value) { return value !== null && typeof value === "object"; }

  function parameters(values) {
    var pairs = [];
    Object.keys(values).forEach(function (name) {
      [].concat(values[name]).forEach(function (value) {
        pairs.push(encodeURIComponent(name) + "=" + encodeURIComponent(value === null || value === undefined ? "" : value));
      });
    });
    return pairs.join("&");
  }

  function answerOf(told) {
    var headers = told.headers || {};
    return {
      status: told.status,
      statusText: String(told.status),
      responseText: told.body,
      getResponseHeader: function (name) {
        var value = headers[String(name).toLowerCase()];
        return value === undefined ? null : value;
      },
      getAllResponseHeaders: function () {
        return Object.keys(headers).map(function (name) { return name + ": " + headers[name]; }).join("\r\n");
      }
    };
  }

  function wanted(first, second) {
    var options = {}, given = isObject(first) ? first : second || {};
    Object.keys(given).forEach(function (name) { options[name] = given[name]; });
    if (!isObject(first)) options.url = first;
    return options;
  }

  function asked(options) {
    var method = String(options.type || options.method || "GET").toUpperCase();
    var headers = {}, body, data = options.data, url = String(options.url);
    Object.keys(options.headers || {}).forEach(function (name) { headers[name] = String(options.headers[name]); });
    if (options.accept) headers.Accept = String(options.accept);
    if (data !== undefined && data !== null) {
      if (method === "GET" || method === "HEAD") {
        var query = isObject(data) ? parameters(data) : String(data);
        if (query) url += (url.indexOf("?") < 0 ? "?" : "&") + query;
      } else {
        body = isObject(data) ? JSON.stringify(data) : String(data);
        headers["Content-Type"] = options.contentType || "application/json";
      }
    }
    return { url: url, method: method, headers: headers, body: body };
  }

  if (modules._globals && modules._globals.request) {
    var ask = modules._globals.request;
    var request = function (first, second) {
      var options = wanted(first, second);
      var promise = new Promise(function (resolve, reject) {
        ask(asked(options), function (told) {
          var xhr = answerOf(told);
          if (told.status >= 200 && told.status < 300) {
            if (typeof options.success === "function") options.success(told.body, "success", xhr);
            resolve({ body: told.body, xhr: xhr });
          } else {
            var error = told.body || "HTTP " + told.status;
            if (typeof options.error === "function") options.error(xhr, "error", error);
            reject({ err: error, xhr: xhr });
          }
        });
      });
      promise["catch"](function () { /* whoever uses success and error hears of it there */ });
      return promise;
    };
    AP.request = modules._globals.request = modules.request = request;
  }

  if (modules.env) {
    ["getLocation", "sizeToParent", "hideFooter"].forEach(function (name) {
      if (!AP[name] && modules.env[name]) AP[name] = modules._globals[name] = modules.env[name];
    });
  }
  if (modules.user && !AP.getTimeZone) AP.getTimeZone = modules._globals.getTimeZone = modules.user.getTimeZone;
  if (modules.user && !AP.getCurrentUser) AP.getCurrentUser = modules._globals.getCurrentUser = modules.user.getCurrentUser;

  if (modules.history && AP.events) {
    AP.history.popState = modules.history.popState = function (listener) {
      AP.events.on("history.popstate", listener);
    };
  }
})();
