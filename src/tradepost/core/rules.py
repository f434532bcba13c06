"""Every rule that a reason, a refusal or a problem can name, explained. docs/rules.md is drawn from this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Subject(StrEnum):
    """What a rule decides."""

    NUMBER = "Numbering: what a change makes of the number"
    REFUSAL = "Refusals: what cannot follow the version before"
    CONSENT = "Consent: what one site's administrator is asked"
    REVIEW = "Review: what a person looks at before a version is offered"
    PROBLEM = "Problems and warnings: what a listing asks of a descriptor"


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """One rule: when it applies, why it is so, an example, and where the rule comes from."""

    name: str
    subject: Subject
    trigger: str
    why: str
    example: str
    source: str


def _rule(name: str, subject: Subject, trigger: str, why: str, example: str, source: str) -> ExplainedRule:
    return ExplainedRule(name, subject, trigger, why, example, source)


_UPGRADES = "domain.md 1.1, 1.4"
_OURS = "our choice (domain.md 12)"
_SCHEMA = "domain.md 1.6, protocol.md 7.2"

_NUMBERING = (
    _rule(
        "version.first", Subject.NUMBER,
        "The app has no version yet.",
        "Numbers start at the app's own `apiVersion`.",
        "`apiVersion` 2 is listed first as 2.0.0.",
        "domain.md 12 no. 6",
    ),
    _rule(
        "api_version.raised", Subject.NUMBER,
        "`apiVersion` is higher than before (missing, null and not positive count as 1). Major.",
        "The vendor says that the app works differently. By policy an administrator has to consent.",
        "1.4.2 with `apiVersion` 1 to 2 becomes 2.0.0.",
        "domain.md 1.1, 1.3, 12 no. 4",
    ),
    _rule(
        "scope.added", Subject.NUMBER,
        "A scope stands there that did not, letter case and repeats aside. Minor.",
        "It needs consent where it gives rights beyond those the old scopes gave, implied ones included. An unknown "
        "scope gives only itself.",
        "READ and then READ, WRITE: 1.0.3 becomes 1.1.0, with consent. WRITE and then WRITE, READ: without.",
        _UPGRADES + ", 2.3, 2.4",
    ),
    _rule(
        "scope.removed", Subject.NUMBER,
        "A scope that stood there does no longer. Minor.",
        "The set of scopes changed, so the number says so; nobody is asked to give less.",
        "WRITE, ADMIN and then WRITE: 1.1.0 becomes 1.2.0 and goes out by itself.",
        "domain.md 1.4, 12 no. 3",
    ),
    _rule(
        "licensing.enabled", Subject.NUMBER,
        "`enableLicensing` becomes true. Minor.",
        "The app costs money from now on, so an administrator has to consent.",
        "1.0.3 becomes 1.1.0, with consent and after review.",
        _UPGRADES + ", 2.1",
    ),
    _rule(
        "licensing.disabled", Subject.NUMBER,
        "`enableLicensing` is true no longer. Patch.",
        "Only free to paid is named as minor. Costs fall, so nobody is asked.",
        "1.1.0 becomes 1.1.1.",
        "domain.md 12 no. 19",
    ),
    _rule(
        "base_url.changed", Subject.NUMBER,
        "`baseUrl` differs. Patch.",
        "The same app at another address. A public app is reviewed first, since anybody could be behind it.",
        "`https://one.example` to `https://two.example`: 1.0.0 becomes 1.0.1.",
        _UPGRADES,
    ),
    _rule(
        "lifecycle.changed", Subject.NUMBER,
        "An entry of `lifecycle` is added, removed or changed. Patch.",
        "Sites call other paths, users see nothing of it.",
        "`/installed` to `/v2/installed`.",
        _UPGRADES,
    ),
    _rule(
        "migrations.changed", Subject.NUMBER,
        "An entry of `apiMigrations` is added, removed or changed. Patch.",
        "It changes how sites and the app talk, so it always makes a version.",
        '`"signed-install": true` is added.',
        "domain.md 1.4",
    ),
    _rule(
        "module.added", Subject.NUMBER,
        "A module stands there that did not; in a list, one whose `key` is new. Patch.",
        "Modules show things; what an app may do is said by its scopes.",
        "A second web panel: the pointer is its place in the new document.",
        _UPGRADES,
    ),
    _rule(
        "module.removed", Subject.NUMBER,
        "A module that stood there does no longer. Patch.",
        "See module.added. The pointer is its place in the old document.",
        "A web panel is taken out.",
        _UPGRADES,
    ),
    _rule(
        "module.changed", Subject.NUMBER,
        "A module with the same `key` has other content; without keys, a module differs from the one it replaces. "
        "Patch.",
        "See module.added.",
        "The `url` of a web panel changes.",
        _UPGRADES,
    ),
    _rule(
        "module.moved", Subject.NUMBER,
        "A module is the same but stands at another place among the others of its list. Patch.",
        "Where weights tie, the order decides what is shown first, so it counts as a change.",
        "Panels a, b, c become b, c, a: only a has moved.",
        "domain.md 12 no. 2",
    ),
    _rule(
        "field.added", Subject.NUMBER,
        "A field stands there that did not and has no rule of its own. Patch.",
        "Everything counts as a change except the descriptor's own `version`. 1, 1.0 and true are three values.",
        "`vendor` is added.",
        _UPGRADES,
    ),
    _rule(
        "field.removed", Subject.NUMBER,
        "A field without a rule of its own stands there no longer. Patch.",
        "See field.added.",
        "`links` is taken out.",
        _UPGRADES,
    ),
    _rule(
        "field.changed", Subject.NUMBER,
        "A field without a rule of its own has another value. Patch.",
        "See field.added.",
        "A typo in `description` is mended.",
        _UPGRADES,
    ),
)  # fmt: skip

_REFUSALS = (
    _rule(
        "key.changed", Subject.REFUSAL,
        "`key` differs from that of the newest version.",
        "The key is the app: data and licenses hang on it.",
        "`com.example.one` to `com.example.two`: no version, the vendor is told.",
        "domain.md 1.4, 12 no. 9",
    ),
    _rule(
        "api_version.lowered", Subject.REFUSAL,
        "`apiVersion` is lower than that of the newest version.",
        "The newest version would have the lower number.",
        "`apiVersion` 2 to 1, or 2 to nothing.",
        "domain.md 12 no. 5",
    ),
)  # fmt: skip

_CONSENT = (
    _rule(
        "right.asked", Subject.CONSENT,
        "The offered version has a right that the version the site runs has not.",
        "No app gains a right without an administrator's consent.",
        "The site runs READ, the version asks for WRITE.",
        "domain.md 2.4",
    ),
    _rule(
        "payment.asked", Subject.CONSENT,
        "The offered version is paid, the one the site runs is free.",
        "Nobody starts to pay unasked.",
        "`enableLicensing` was false at the site and is true now.",
        "domain.md 2.1, 2.4",
    ),
    _rule(
        "api_version.asked", Subject.CONSENT,
        "The offered version has a higher `apiVersion`, and the policy asks for consent to that (the default).",
        "A new major version may work differently.",
        "The site runs 1.7.0, offered is 2.0.0.",
        "domain.md 1.3, 12 no. 4",
    ),
    _rule(
        "major.asked", Subject.CONSENT,
        "A deployed app is offered in another major version than the one whose permissions the site has granted.",
        "Exactly majors ask, for whatever reason they were made; minors never do.",
        "The site runs 1.7.0, offered is 2.0.0.",
        "domain.md 4.1",
    ),
    _rule(
        "consent.free", Subject.CONSENT,
        "Nothing is asked beyond what the site runs.",
        "Such a version goes out by itself, past versions that were never approved.",
        "A scope was added and taken back: sites that waited move on.",
        "domain.md 2.4",
    ),
    _rule(
        "consent.covered", Subject.CONSENT,
        "An approval that no upgrade has used yet covers all that is asked.",
        "Whoever agreed to more has agreed to this.",
        "Approved for 1.1.0, a typo is mended in 1.1.1: it goes out without a second question.",
        "domain.md 12 no. 15",
    ),
    _rule(
        "consent.declined", Subject.CONSENT,
        "Exactly what is asked was asked before and declined.",
        "The same question is not put twice; a smaller or a larger one is. The administrator may approve at any time.",
        "Declined for 1.1.0, a typo is mended in 1.1.1: the site stays and nobody is asked.",
        "domain.md 12 no. 14",
    ),
)  # fmt: skip

_REVIEW = (
    _rule(
        "review.first", Subject.REVIEW,
        "No version of the public listing has been offered yet.",
        "Somebody looks once at every app before the public can install it.",
        "The first version of a public app.",
        "domain.md 9.1",
    ),
    _rule(
        "review.base_url", Subject.REVIEW,
        "`baseUrl` of a public listing is not that of the version offered last.",
        "The same app could now be somebody else's.",
        "It stays due for later versions too, until one is reviewed or the address is as before.",
        "domain.md 1.4, 9.1",
    ),
    _rule(
        "review.payment", Subject.REVIEW,
        "`enableLicensing` of a public listing is not that of the version offered last, either way.",
        "The payment model is part of what was reviewed.",
        "The app becomes paid, or free again.",
        "domain.md 9.1",
    ),
    _rule(
        "review.first_deployment", Subject.REVIEW,
        "A public app that was watched is deployed for the first time.",
        "From here on the app is what its manifests say, so somebody looks at the first of them.",
        "1.4.0 is watched, 2.0.0 is deployed: sites hear of 2.0.0 when it was reviewed.",
        "domain.md 4.3",
    ),
)  # fmt: skip


def _problem(name: str, trigger: str, why: str, example: str, source: str = _SCHEMA) -> ExplainedRule:
    return ExplainedRule(name, Subject.PROBLEM, trigger, why, example, source)


_LIMITS = "Everything from outside has a limit."
_ADDRESS = "Outside development, sites may call apps in the open internet only."

_PROBLEMS = (
    _problem("document.too_large", "More than 1 MiB.", _LIMITS, "A file of 2 MiB.", "domain.md 12 no. 26"),
    _problem("document.too_deep", "Nested more than 64 levels.", _LIMITS, "`[[[[...`", _OURS),
    _problem("document.too_many", "More than 200,000 values.", _LIMITS, "A list of a million zeros.", _OURS),
    _problem("document.not_utf8", "The bytes are not UTF-8.", "JSON is.", "A file in Latin-1.", "RFC 8259"),
    _problem("document.not_json", "The text is not JSON.", "It cannot be read.", "A trailing comma.", "RFC 8259"),
    _problem("document.not_object", "The text is another JSON value.", "It says nothing.", "`[]`"),
    _problem("document.repeated_key", "An object names a key twice.", "Readers disagree which counts.",
             '`{"scopes": [], "scopes": ["ADMIN"]}`', _OURS),
    _problem("document.bad_text", "Text holds a NUL or half a surrogate pair.", "It cannot be stored as text.",
             '`"\\u0000"`', _OURS),
    _problem("document.bad_number", "A number is too long or too large.", "It cannot be kept.", "`1e999`", _OURS),
    _problem("field.required", "`key`, `baseUrl` or `authentication` is missing.", "Nothing works without.", "`{}`"),
    _problem("field.type", "A field has a wrong type.", "It cannot be used.", "`modules` is an array."),
    _problem("field.long", "A text is too long.", _LIMITS, "`name` of 1,000 characters.", _OURS),
    _problem("field.limit", "More than 200 fields in the document, `lifecycle` or `apiMigrations`.", _LIMITS,
             "201 of them.", _OURS),
    _problem("field.unknown", "Warning: a field is not known.", "It has no effect.", "`//baseUrl`", "domain.md 1.6"),
    _problem("key.type", "`key` is no string.", "It names the app.", "`7`"),
    _problem("key.form", "`key` holds other characters than letters, digits, `-`, `.` and `_`.",
             "It stands in addresses.", "`my app`"),
    _problem("key.long", "`key` has more than 64 characters.", _LIMITS, "65 letters."),
    _problem("base_url.type", "`baseUrl` is no string.", "It is an address.", "`null`"),
    _problem("base_url.form", "`baseUrl` is no http or https URL of at most 200 visible ASCII characters.",
             "Every reader must see the same address.", "`{{localBaseUrl}}`"),
    _problem("base_url.user", "`baseUrl` holds a user name.", "Secrets have no place there.", "`https://a@b.example`",
             _OURS),
    _problem("base_url.query", "`baseUrl` holds a query.", "Paths are added to it.", "`https://b.example/?a`", _OURS),
    _problem("base_url.fragment", "`baseUrl` holds a fragment.", "Paths are appended to it.", "`https://b.example/#a`",
             _OURS),
    _problem("base_url.own_origin", "`baseUrl` lies on the host service's own origin.",
             "The app's pages could act as the user who is signed in.", "`https://site.example/app`", _OURS),
    _problem("base_url.https", "`baseUrl` is not https (a warning in `compare`).", _ADDRESS, "`http://b.example`"),
    _problem("base_url.port", "Another port than 443 and 8080 (a warning in `compare`).", _ADDRESS,
             "`https://b.example:3000`", "domain.md 3.4"),
    _problem("base_url.private", "A local name or special address (a warning in `compare`).", _ADDRESS,
             "`https://10.0.0.1`", "domain.md 12 no. 26"),
    _problem("authentication.type", "`authentication` is no object.", "It says how calls are signed.", '`"jwt"`'),
    _problem("authentication.unknown", "`authentication.type` is neither `jwt` nor `none`, in any letter case.",
             "There is no other way here.", "`oauth`"),
    _problem("lifecycle.path", "A lifecycle entry is no path that starts with `/`.",
             "It is called under `baseUrl` and nowhere else.", "`https://other.example/installed`"),
    _problem("lifecycle.installed_required", "`jwt` without `lifecycle.installed`.",
             "The app would never learn its secret.", '`"lifecycle": {}`'),
    _problem("lifecycle.unknown", "Warning: a lifecycle event is not known.", "It is never sent.", "`paused`"),
    _problem("api_version.type", "`apiVersion` is no integer.", "It is the first part of the number.",
             '`true`, `1.0`, `"2"`'),
    _problem("api_version.limit", "`apiVersion` is above 9,999.", _LIMITS, "`10000`", _OURS),
    _problem("scopes.type", "`scopes` is no list of strings.", "They cannot be compared.", '`"READ"`'),
    _problem("scopes.limit", "More than 100 scopes.", _LIMITS, "101 of them.", _OURS),
    _problem("scopes.length", "A scope is empty or longer than 100 characters.", _LIMITS, '`""`', _OURS),
    _problem("scope.unknown", "Warning: a scope is not known.", "It grants only itself.", "`READ_MAIL`",
             "domain.md 2.3"),
    _problem("licensing.type", "`enableLicensing` is no boolean.", "Paid or free is not guessed.", '`"yes"`'),
    _problem("module.type", "A module type holds neither an array of objects nor an object.", "It cannot be shown.",
             '`"webPanels": true`'),
    _problem("module.unknown", "Warning: the module type has no place here.", "It is kept and has no effect.",
             "`dynamicContentMacros`", "protocol.md 7.4"),
    _problem("module.field", "Warning: a module lacks a field or has one of a wrong shape.", "It is left out.",
             "A web panel without `location`."),
    _problem("module.key", "Warning: a module's key holds other characters than letters, digits and hyphens.",
             "It stands in addresses. The module is left out.", "`my_page`"),
    _problem("module.repeated", "Warning: two modules of one type have the same key.",
             "Nobody could tell them apart. The later one is left out.", "Two pages `main`.", _OURS),
    _problem("module.url", "Warning: a module's address leaves the app: another host, `..`, another scheme.",
             "What a site signs and frames is the app's. The module is left out; links may lead elsewhere.",
             "`https://other.example/page` as a page.", "protocol.md 3"),
    _problem("condition.remote", "A condition is an address to be asked.", "Sites ask nobody whether to show a module.",
             "`/should-it-show`", "protocol.md 7.3"),
    _problem("condition.unknown", "Warning: a condition's name is not known.", "Its module never shows.",
             "`user_is_happy`", "domain.md 7.5"),
    _problem("condition.unsupported", "Warning: a condition asks for what this product has not.",
             "Its module never shows. [The table of conditions](reference/conditions.md) says why.", "`space_sidebar`",
             "domain.md 7.5"),
    _problem("condition.params", "Warning: a condition lacks a parameter or has a wrong one.",
             "Its module never shows.", "`capability_set` without `value`.", "domain.md 7.5"),
    _problem("condition.shape", "Warning: what stands there is no condition.", "Its module never shows.",
             '`{"and": []}`', "protocol.md 7.3"),
    _problem("condition.limit", "Warning: more than 32 levels, or more than 200 conditions in one module.", _LIMITS,
             "201 of them.", _OURS),
    _problem("modules.limit", "More than 1,000 modules.", _LIMITS, "1,001 of them.", _OURS),
)  # fmt: skip

RULES: Mapping[str, ExplainedRule] = MappingProxyType(
    {rule.name: rule for rule in (*_NUMBERING, *_REFUSALS, *_CONSENT, *_REVIEW, *_PROBLEMS)}
)
"""Rule name -> its explanation."""
