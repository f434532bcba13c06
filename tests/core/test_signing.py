# ruff: noqa: E501 - the vectors are as long as they are
"""The query string hash against the vectors of the field."""

import hashlib

import pytest

from tradepost.core.signing import accepted_query_hashes, canonical_request, query_hash, split_target

# The set that the protocol's own libraries were tested with:
# (name, path and query, canonical text, SHA-256 of it). The last one is called below "/base".
# fmt: off
OFFICIAL = [
    ("Simple", "/test?param=value", "GET&/test&param=value", "be16910858a41fd19ea5c1b4e9decca9a784d1024cb00b2158defe2f29dc86dd"),
    ("Spaces", "/test?param=some+spaces+in+this+parameter", "GET&/test&param=some%20spaces%20in%20this%20parameter", "ef4097d05395eaf1a133956f140116a9c411afad768d4f06daac9e305764265d"),
    ("Asterisk", "/test?query=connect*", "GET&/test&query=connect%2A", "0d28bc10d1972d9cab59e123ce17976eb32aad6957a13cfb8b97ced6d3fc8a29"),
    ("Unicode", "/test?director=%E5%AE%AE%E5%B4%8E+%E9%A7%BF", "GET&/test&director=%E5%AE%AE%E5%B4%8E%20%E9%A7%BF", "44d6354ffe8f963972a7fc59e98b2c3dfe4b493295c5b89edd974a339e61ac89"),
    ("Comma-delimited", "/test?ids=10%2C2%2C20%2C1", "GET&/test&ids=10%2C2%2C20%2C1", "2e617b65f966650789990e5cac8ff295ee5b453834d04798f466ff6035bd8829"),
    ("Multi-value Comma-delimited", "/test?tuples=1%2C2%2C3&tuples=6%2C5%2C4&tuples=7%2C9%2C8", "GET&/test&tuples=1%2C2%2C3,6%2C5%2C4,7%2C9%2C8", "f9f62bb61191dff1b219e9ade8ac38fcfa46272ea76d9545410db6559fd8e7bd"),
    ("Plus", "/test?title=1+%2B+1+equals+3", "GET&/test&title=1%20%2B%201%20equals%203", "ce0a866ce0c34cbde70deb63f6915192f58500d2b49b12e1ffc8cdf91edabc91"),
    ("JSON Object", "/test?json=%7B%22key%22%3A%22value%22%7D", "GET&/test&json=%7B%22key%22%3A%22value%22%7D", "1d74c5a1f0a6c72a3ce285570cbfd8fe736910123e6ada203d4c7ba9a6128a6f"),
    ("JSON Array", "/test?json=%5B%22val1%22%2C%22val2%22%5D", "GET&/test&json=%5B%22val1%22%2C%22val2%22%5D", "5a69d35f16534290a4ed2f9e53a45e6872cf0c3a1163295c42947d42931a1f73"),
    ("Single Quotes", "/test?quote=%27quoted%27", "GET&/test&quote=%27quoted%27", "207a30376c594d5cde7b6e873b943f84798371d3293b7eac27e2c2a2a5d111d5"),
    ("Brackets", "/test?param=%28%29", "GET&/test&param=%28%29", "46b9787a8983560f446f82d6143122d99e153affd5688fa45343074a091573eb"),
    ("Tilde", "/test?eta=in+%7E3+days", "GET&/test&eta=in%20~3%20days", "5c5f97cdfe3abd8feb48f6f0240a71ef5c111289a5bf77ddf645250b3951ec63"),
    ("RFC-1738 Unsafe", "/test?rfc=+%3C%3E%22%23%25%7B%7D%7C%5C%5E%7E%5B%5D%60", "GET&/test&rfc=%20%3C%3E%22%23%25%7B%7D%7C%5C%5E~%5B%5D%60", "36ba39c5379d752bbef1349ba58df98ecaa456b78c7c2e3245e2f33eac712a49"),
    ("RFC-1738 Reserved", "/test?rfc=%3B%2F%3F%3A%40%3D%26", "GET&/test&rfc=%3B%2F%3F%3A%40%3D%26", "639330bc92d79373b198da697873b2f03f1a3a0c5af78cf8eea517f14960b150"),
    ("RFC-1738 Special", "/test?rfc=%24-_.%2B%21*%27%28%29%2C", "GET&/test&rfc=%24-_.%2B%21%2A%27%28%29%2C", "0e36229cc459ff8ccb4845c11433cfbbe25bfa45e8c1ea14d2a124231cb0a2e9"),
    ("RFC-3986 Unreserved", "/test?rfc=-._%7E", "GET&/test&rfc=-._~", "0ddf7e631c3b11e7975814ee84fec26804dc72b0a0e997871d8415cee6b78b31"),
    ("RFC-3986 gen-delims", "/test?rfc=%3A%2F%3F%23%5B%5D%40", "GET&/test&rfc=%3A%2F%3F%23%5B%5D%40", "96041ee45ad4b8ea29bce42f3e2835490591f55e84bddbbab82151d4a1ac1a11"),
    ("RFC-3986 sub-delims", "/test?rfc=%21%24%26%27%28%29*%2B%2C%3B%3D", "GET&/test&rfc=%21%24%26%27%28%29%2A%2B%2C%3B%3D", "b8d049874f1fe5abe274d20bdecebee8daada453191a827738eebcd759efd4e1"),
    ("Empty", "/test?notmuch=", "GET&/test&notmuch=", "20fecded9951516a3447b1b556d0eb350de29770505253a30dc739502e05ddc7"),
    ("Encoded", "/test?referrer=http%3A%2F%2Ffrom.net%2Fp%3Fx%3DA%2B%252B%2BB%26y%3D%2524-_.%252B%2521*%2527%2528%2529%252C", "GET&/test&referrer=http%3A%2F%2Ffrom.net%2Fp%3Fx%3DA%2B%252B%2BB%26y%3D%2524-_.%252B%2521%2A%2527%2528%2529%252C", "7ca81b8e4e83c2375eea7b8b50bd3786ba8b43261193a3bd3ccdfca06120ee33"),
    ("Multi-value", "/test?ids=-1&ids=1&ids=10&ids=2&ids=20", "GET&/test&ids=-1,1,10,2,20", "a646c48741faaeb649f9ca7888ae029ead432e3806f56c4a57b80b3e2ac628a9"),
    ("Multi-value II", "/test?ids=.1&ids=.2&ids=%3A1&ids=%3A2", "GET&/test&ids=.1,.2,%3A1,%3A2", "f0524d42e0f8661862e1f1e9add8757972a0043bb7136d641735d21874c5a056"),
    ("Multi-value Unicode", "/test?chars=%E5%AE%AE&chars=%E5%B4%8E&chars=%E9%A7%BF", "GET&/test&chars=%E5%AE%AE,%E5%B4%8E,%E9%A7%BF", "72a7f7ce9f93157f296b86338315423d6f3b6aba5081f04bbdb6bb18218b65ee"),
    ("Multi-value Empty", "/test?c=&c=+&c=%2520&c=%2B", "GET&/test&c=,%20,%2520,%2B", "cbbcac9a6a02f3ad96c5ab5bf876dd9f79b2c61ceec5660a1c9d73a3b102ec2c"),
    ("Key RFC-1738 Unsafe", "/test?%231=value", "GET&/test&%231=value", "eccb4a232d50ca41ac40398675b6487a711d9e972917d8a61cbc120f9fbda597"),
    ("Key RFC-1738 Reserved", "/test?%3A1=value", "GET&/test&%3A1=value", "6d823181a68a4952c75e4b51ad0b8d59e879859cdf977e7254545201bca8465d"),
    ("Key RFC-1738 Special", "/test?%241=value", "GET&/test&%241=value", "a9f61f1c8250ebfb9234654e71dec233c93c16a54fe30a649dfd65badf3c0171"),
    ("Multiple Parameters Simple", "/test?a=x&b=y", "GET&/test&a=x&b=y", "abd5de604b9d3cda44d3c7a9dd698a21259655394658a6642f87b9d825869460"),
    ("Multiple Multi-value Parameters", "/test?a=x1&a=x10&b=y1&b=y10", "GET&/test&a=x1,x10&b=y1,y10", "310ba3ff7e1e9a8cacd33dd6172501304bf325096d81ccad449465427e58a9c4"),
    ("Multiple Parameters Spaces", "/test?a=another+one&a=one+string&b=and+yet+more&b=more+here", "GET&/test&a=another%20one,one%20string&b=and%20yet%20more,more%20here", "700721e65385781fc1fa248220c75400f1e8a197c838ef1779f00b69bfa4a6ff"),
    ("Multiple Parameters Comma-delimited", "/test?a=1%2C2%2C3&a=4%2C5%2C6&b=a%2Cb%2Cc&b=d%2Ce%2Cf", "GET&/test&a=1%2C2%2C3,4%2C5%2C6&b=a%2Cb%2Cc,d%2Ce%2Cf", "06b76eb63acccce2356cdfc66f4abd1e3a061c0305c9fc76b616ae71fe3b6ab5"),
    ("Parameter Order", "/test?a10=1&a1=2&b1=3&b10=4", "GET&/test&a1=2&a10=1&b1=3&b10=4", "159cc3d3003f067c3ae263d19ded42dedd28221cce4d4757b13fc7722a24408f"),
    ("Upper- and Lower-case Parameters", "/test?A=A&a=a&b=b&B=B", "GET&/test&A=A&B=B&a=a&b=b", "539adc2b0aef2ec8659825893b8b92e6a53c9483e2150b8185b08490d8b6de60"),
    ("Search Request View", "/search-view?link=http%3A%2F%2Fion%3A2990%2Fjira%2Fsecure%2FIssueNavigator.jspa%3Freset%3Dtrue%26jqlQuery%3Dissuetype%2B%253D%2BBug&startIssue=0&totalIssues=2&endIssue=2&issues=issues%3DTEST-2%2CTEST-1&tz=Australia%2FSydney&loc=en-US&user_id=admin&user_key=admin&xdm_e=http%3A%2F%2Fion.local%3A2990&xdm_c=channel-acmodule-1564427223927602208&xdm_p=1&cp=jira&lic=none", "GET&/search-view&cp=jira&endIssue=2&issues=issues%3DTEST-2%2CTEST-1&lic=none&link=http%3A%2F%2Fion%3A2990%2Fjira%2Fsecure%2FIssueNavigator.jspa%3Freset%3Dtrue%26jqlQuery%3Dissuetype%2B%253D%2BBug&loc=en-US&startIssue=0&totalIssues=2&tz=Australia%2FSydney&user_id=admin&user_key=admin&xdm_c=channel-acmodule-1564427223927602208&xdm_e=http%3A%2F%2Fion.local%3A2990&xdm_p=1", "7ad7d7938eb7d6640aaf59e335e6e034dd4e5d8735a33e248e6a420a950e47fb"),
    ("BasePath only", "/test", "GET&/test&", "bad328fac990349a8c88393c1755bc4f984a9c387202229b8ed52e04ff7e9fec"),
    ("BasePath with Delimiter", "/endsWithDelimiter/?a=b", "GET&/endsWithDelimiter&a=b", "8f77c6a0e6bf25041121ee44480d3c97ae9cca4b7a007ea6e1d648d9a26e5d1d"),
    ("BasePath with Delimiter Only", "/endsWithDelimiter/", "GET&/endsWithDelimiter&", "4c799e91fc8e1be9b1f034f2191ae80cb2080b54a85e9a2464ad2f2115f8d987"),
    ("BasePath RFC3986 Unreserved", "/path-._~?a=b", "GET&/path-._~&a=b", "5d1574ea0fd8974fa4326d87b3efec74004bf13d35395599de425327178c173b"),
    ("BasePath RFC3986 Subdelimiters", "/path!$&'()*+,;=?a=b", "GET&/path!$%26'()*+,;=&a=b", "9ef803f9cb8dea4f7f875caff8d31e95962c6e8bd44d64a848d6ebb055b2144b"),
    ("Add-on baseUrl contains path", "/base/test?param=value", "GET&/test&param=value", "be16910858a41fd19ea5c1b4e9decca9a784d1024cb00b2158defe2f29dc86dd"),
]

# What a widely used receiver computes: (its base path, method, path and query, canonical text, SHA-256).
EDGES = [
    ("", "GET", "", "GET&/&", "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239"),
    ("", "GET", "/", "GET&/&", "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239"),
    ("", "GET", "/?", "GET&/&", "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239"),
    ("", "GET", "/p?a", "GET&/p&a=", "99d754b01a84a90fecf813fec64179b40c41ed6e6127cd373640facec04af2e6"),
    ("", "GET", "/p?a=", "GET&/p&a=", "99d754b01a84a90fecf813fec64179b40c41ed6e6127cd373640facec04af2e6"),
    ("", "GET", "/p?b=2&a=1&a=0", "GET&/p&a=0,1&b=2", "27c2126340e47892ddadfe46cc70f1639dab27bf8b679609f5259ee9a5aff08a"),
    ("", "GET", "/p?a=2&a=10&a=1", "GET&/p&a=1,10,2", "9725faf4cba19fa4be23573c7b107a214637e17243e82b5d938c90ad7053d961"),
    ("", "GET", "/p?a=b,c&a=a", "GET&/p&a=a,b%2Cc", "616692d23cd2bc1aee0c9410d4c483c4c2c9eba4b983a3a0bc74de42f957e781"),
    ("", "GET", "/p?jwt=T&a=1", "GET&/p&a=1", "64e04d78f40e874dd4283984beea32419946f690c75e53f2162ce01ca91b63c4"),
    ("", "GET", "/p?JWT=T&a=1", "GET&/p&JWT=T&a=1", "c37011551d131276a388096b4a01ca75c0bf1f609fa431ee8a7cee9768f490b4"),
    ("", "GET", "/p/", "GET&/p&", "e030e335214d9fa26bc54ea460ca18f9e8bd5484997034993526a036119aaeb4"),
    ("", "GET", "/p//", "GET&/p/&", "ac59a41d0d26bae5747a54ae0218512859b9c9671a193ba324236a4059da8ddc"),
    ("", "GET", "/a%20b/%C3%A9", "GET&/a%20b/%C3%A9&", "5f2b954b6feb60ee36e199efbbc627c0a0ad3e3a97eaee7cf5dcaa9adfb787f9"),
    ("", "GET", "/a%20b/%c3%a9", "GET&/a%20b/%c3%a9&", "c3742a41780f3da04347054e67ce0ddd40e71c073611f1fcf56ee5829d1c12ec"),
    ("", "GET", "/x&y/z", "GET&/x%26y/z&", "965c92f35ddf4314627d0400d4a95c050cca1e9c6ea66f0fe369e953d9f8b03c"),
    ("", "GET", "/x%26y/z", "GET&/x%26y/z&", "965c92f35ddf4314627d0400d4a95c050cca1e9c6ea66f0fe369e953d9f8b03c"),
    ("", "GET", "/p?a=%C3%A9&a=z", "GET&/p&a=z,%C3%A9", "a1e0a7cde8c1ad7825f1ff86dea662257d22544c9fe242f8bc07a6e098c7ad97"),
    ("", "GET", "/p?a=1&A=2&_=3", "GET&/p&A=2&_=3&a=1", "2ed7a9d9218f1bfb8481974241eeb8f17cfb7e1bc07b78b075e7cd70473f7d70"),
    ("", "GET", "/p?a.b=1", "GET&/p&a.b=1", "408e027d8a9e6b3dab2cf966d2d9f3819d81fa0378603c673fde261ae8e2ef23"),
    ("", "GET", "/p?a=%2B+x", "GET&/p&a=%2B%20x", "d5e6e66de34b61f4ba63383754e41d542f04c87b25d86bcfbd5759cdde046481"),
    ("", "GET", "/p?e=%F0%9F%98%80", "GET&/p&e=%F0%9F%98%80", "ca0e54f70e6e14e024ba2ce552bbaf5575fc3df9b0abba67b56b6c9ca251f625"),
    ("", "GET", "/p?a=1;b=2", "GET&/p&a=1%3Bb%3D2", "0e81c9d17ecf312c84c535c155fac76a5fc4af0bcafce6cfc0664bd798eef44a"),
    ("", "GET", "/p?q=!*'()~", "GET&/p&q=%21%2A%27%28%29~", "b7aaffe448667aac47341b5042d594b68f1e4f914498c31cb5f52701825d8a0f"),
    ("", "GET", "/p?a=%zz", "GET&/p&a=%25zz", "8463f033a19b38be3a644a684250c6a00cf8f658403bfc742fb0e6f58e4089b6"),
    ("", "GET", "/p?hasOwnProperty=1&a=2", "GET&/p&a=2&hasOwnProperty=1", "5a13d55d20785d7f884f79d714405b9aed49e801e435a7b474f48d48b8c37fc0"),
    ("", "GET", "/p?a=0&a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8&a=9&a=10&a=11&a=12&a=13&a=14&a=15&a=16&a=17&a=18&a=19&a=20&a=21&a=22&a=23&a=24", "GET&/p&a=0,1,10,11,12,13,14,15,16,17,18,19,2,20,21,22,23,24,3,4,5,6,7,8,9", "bbf6208e0e110e4f29093da24b958bf3dfb52243d509c437c602a022af24f3ba"),
    ("/base", "GET", "/base/p?a=1", "GET&/p&a=1", "64e04d78f40e874dd4283984beea32419946f690c75e53f2162ce01ca91b63c4"),
    ("/base/", "GET", "/base/p?a=1", "GET&/p&a=1", "64e04d78f40e874dd4283984beea32419946f690c75e53f2162ce01ca91b63c4"),
    ("/base", "GET", "/base", "GET&/&", "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239"),
    ("/base", "GET", "/base/", "GET&/&", "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239"),
    ("", "post", "/p?a=1", "POST&/p&a=1", "8d6714a80bcbe2cc560bd526895cca9c3b9ba6df0f2d3ad62e38c01abcf3ae6f"),
    ("", "GET", "/it's", "GET&/it's&", "50300c895faf9c7359b5b9ebf41d88b2f0b16fdf6a1b1de3ff93e743195915b6"),
    ("", "GET", "/p;x=1/q", "GET&/p;x=1/q&", "fb6689dfa90dc3b2392444aa72591bd9767ed3ba31140336664a7564a5afc5f5"),
    ("", "GET", "/a:b/c?x=1", "GET&/a:b/c&x=1", "c9e1b578f2c920b409cc87818e94a7e7478321d9788dd5652940741af97ee3fd"),
    ("", "GET", "/p?a=1#frag", "GET&/p&a=1", "64e04d78f40e874dd4283984beea32419946f690c75e53f2162ce01ca91b63c4"),
    ("", "GET", "/p?a=1&a=", "GET&/p&a=,1", "e246b6db6311475366a57e69b2e302634f0703878106a6123853f2a125028104"),
    ("", "GET", "/p?a=%20b%20", "GET&/p&a=%20b%20", "9b59d0c7c12ff04348d187489b9a8640746e1a8832a332164a0f3f1068bd07da"),
    ("", "GET", "/p?a=é", "GET&/p&a=%C3%A9", "9445298752fb402c2711aecea7b69ddc1a91170f21ad4368ae9ef44c6a3df48e"),
]

# Names whose order depends on whether they are sorted before or after encoding; the receiver above
# hashes the canonical text shown here.
OTHER_ORDER = [
    ("GET", "/p?%C3%A9=1&z=2", "GET&/p&z=2&%C3%A9=1", "a74af748e907799fe4535986c9aa5a333241e1c82ed2bc65fb49942f5443151b"),
    ("GET", "/p?a%5B=1&aZ=2", "GET&/p&aZ=2&a%5B=1", "2cbdee698d18c19ad6debda906c4c63f6a8b169f370aa872c704fadec757c072"),
    ("GET", "/p?a%3A=1&a1=2", "GET&/p&a1=2&a%3A=1", "a27604cd183b68b8765d715e176ddec7c2144c4b957ec62c8358e5392e2b3237"),
]

CONSTANTS = [
    ("GET&/&", "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239"),
    ("POST&/installed&", "4a2e1de8ca74e6cafe8862d332fa3ac7a8e51e692bc6d798ea4dfedc14948bf4"),
    ("POST&/uninstalled&", "8a8d06f040b246544d605b08aeb419e30b5cf0e200f512888486585ecce6a52e"),
    ("POST&/enabled&", "243b485a867f7315c33d0934c1e2c4157e570126e0f1a56c78c976f7a432cfe5"),
    ("POST&/disabled&", "2d711a91cf18b5ce36b20a6c80a5e1eddfd763a79a52e88a639406b07b492940"),
    ("GET&/rest/atlassian-connect/1/addons/my-app&", "72630451b702d53120b0995b7558470d6396434791aa8cb498a7ab2553fb6911"),
]

FROM_A_REAL_SITE = (
    "/jira/configuration?xdm_e=https%3A%2F%2Fkabakumov.atlassian.net"
    "&xdm_c=channel-com.github.integration.konstantin__github-post-install-page&cp="
    "&xdm_deprecated_addon_key_do_not_use=com.github.integration.konstantin&lic=none&cv=1001.0.0-SNAPSHOT"
)
# fmt: on


@pytest.mark.parametrize(("name", "target", "canonical", "digest"), OFFICIAL)
def test_the_hash_is_the_one_the_official_clients_compute(name, target, canonical, digest):
    base_path = "/base" if name.startswith("Add-on baseUrl") else ""
    path, query = split_target(target)

    assert canonical_request("GET", path, query, base_path=base_path) == canonical
    assert query_hash("GET", path, query, base_path=base_path) == digest
    assert digest in accepted_query_hashes("GET", path, query, context_path=base_path)


@pytest.mark.parametrize(("base_path", "method", "target", "canonical", "digest"), EDGES)
def test_the_hash_is_right_at_the_edges_too(base_path, method, target, canonical, digest):
    path, query = split_target(target)

    assert canonical_request(method, path, query, base_path=base_path) == canonical
    assert query_hash(method, path, query, base_path=base_path) == digest
    assert digest in accepted_query_hashes(method, path, query, context_path=base_path)


@pytest.mark.parametrize(("method", "target", "canonical", "digest"), OTHER_ORDER)
def test_a_receiver_accepts_names_sorted_before_and_after_encoding(method, target, canonical, digest):
    path, query = split_target(target)
    names_turned = "GET&/p&" + "&".join(reversed(canonical.removeprefix("GET&/p&").split("&")))

    accepted = accepted_query_hashes(method, path, query)

    assert canonical_request(method, path, query) == canonical
    assert accepted == {digest, hashlib.sha256(names_turned.encode()).hexdigest()}


@pytest.mark.parametrize(("canonical", "digest"), CONSTANTS)
def test_the_hashes_of_everyday_requests_are_known_by_heart(canonical, digest):
    method, path, query = canonical.split("&")

    assert query_hash(method, path, query) == digest


def test_a_real_request_of_a_real_site_is_hashed_alike():
    path, query = split_target(FROM_A_REAL_SITE)

    assert query_hash("GET", path, query) == "345c5da1c34c5126155b18ff4522446c89cc017debe4878bfa6056cacd5245ae"


def test_a_receiver_accepts_a_path_with_and_without_its_context_path():
    accepted = accepted_query_hashes("GET", "/alpha/rest/api", "", context_path="/alpha")

    assert accepted == {query_hash("GET", "/alpha/rest/api", ""), query_hash("GET", "/rest/api", "")}


def test_a_receiver_accepts_one_and_all_trailing_slashes_gone():
    accepted = accepted_query_hashes("GET", "/p//", "")

    assert accepted == {query_hash("GET", "/p//", ""), query_hash("GET", "/p", "")}


def test_an_ordinary_request_has_exactly_one_accepted_hash():
    assert accepted_query_hashes("GET", "/p", "a=1&b=2") == {query_hash("GET", "/p", "a=1&b=2")}


def test_a_base_path_is_cut_only_at_a_slash():
    assert canonical_request("GET", "/basement/p", "", base_path="/base") == "GET&/basement/p&"


@pytest.mark.parametrize("query", ["\ud800=1", "a=%ff%fe", "&&&", "=x", "%=%", "a=\udcff"])
def test_no_query_however_broken_stops_a_receiver(query):
    assert accepted_query_hashes("GET", "/p", query)


@pytest.mark.parametrize(
    ("path", "query"), [("/p", "a=1&a=3"), ("/p", "a=2,1"), ("/p/q", "a=1&a=2"), ("/P", "a=1&a=2")]
)
def test_a_token_for_one_request_does_not_serve_another(path, query):
    assert not accepted_query_hashes("GET", "/p", "a=1&a=2") & accepted_query_hashes("GET", path, query)
