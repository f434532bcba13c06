// Verifies tokens as an app would with `atlassian-jwt`: issuer, signature, times, audience, query hash.
// Reads what to verify from the file named; answers the lines `check` and `round` with JSON.
'use strict';
const fs = require('fs');
const path = require('path');
const querystring = require('querystring');
const readline = require('readline');
const jwt = require(path.join(process.argv[2], 'node_modules', 'atlassian-jwt'));

const { secrets, now, skew, site, fuzzed, usual } = JSON.parse(fs.readFileSync(process.argv[3], 'utf8'));
const keep = { maxKeys: 0 };

function isGood(each) {
  try {
    // The secret of the one issuer is at hand: reading the issuer first would mean to decode twice.
    const claims = jwt.decodeSymmetric(each.token, secrets[each.app], 'HS256', false);
    const isTimely = Number.isFinite(claims.exp) && Number.isFinite(claims.iat)
      && claims.iat - skew <= now && now < claims.exp + skew;
    if (!isTimely || claims.iss !== each.app || !(claims.aud || []).includes(each.client)) return false;
    const request = { method: each.method, pathname: each.path, query: querystring.parse(each.query, '&', '=', keep) };
    return claims.qsh === jwt.createQueryStringHash(request, false, site);
  } catch {
    return false;
  }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'check') return console.log(JSON.stringify(fuzzed.map(isGood)));
  const start = process.hrtime.bigint();
  let good = 0;
  for (const each of usual) good += isGood(each) ? 1 : 0;
  return console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - start) / 1e9, good }));
});
