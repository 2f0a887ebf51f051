"""Check a receipt without the program that wrote it. The bytes are explained in trust.md.
usage: python3 receipt_verify.py RECEIPT.json DOMAIN ROOT_PUBLIC_KEY_HEX"""
import base64, hashlib, json, sys
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519: RFC 8032
D, I = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)
little, bytes_of = lambda b: int.from_bytes(b, "little"), lambda s: base64.b64decode(s, validate=True)
def need(ok, why):
    if not ok: raise ValueError(why)  # assert would do nothing under -O
def point(b):
    y, sign = little(b) & (2**255 - 1), b[31] >> 7
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x * I % P if (x * x - x2) % P else x
    need(len(b) == 32 and y < P and (x * x - x2) % P == 0 and (x or not sign), "no point of the curve")
    x = x if x & 1 == sign else P - x
    return (x, y, 1, x * y % P)  # extended coordinates: x/z, y/z, with t = xy/z
def add(a, b):
    A, B, C, Z = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0]), 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    E, F, G, H = B - A, Z - C, Z + C, B + A
    return (E * F % P, G * H % P, F * G % P, E * H % P)
def times(n, a): return add(times(n >> 1, add(a, a)), a if n & 1 else (0, 1, 1, 0)) if n else (0, 1, 1, 0)
def signed(key, message, sig):
    s, k = little(sig[32:]), little(hashlib.sha512(sig[:32] + key + message).digest()) % L
    a, b = times(s, point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))), add(point(sig[:32]), times(k, point(key)))
    same = (a[0] * b[2] - b[0] * a[2]) % P == 0 == (a[1] * b[2] - b[1] * a[2]) % P
    need(len(sig) == 64 and s < L and same, "bad signature")
def cbor(b, i=0):  # what is used of it: numbers, bytes, text, arrays and maps, of known length
    kind, n, i, out = b[i] >> 5, b[i] & 31, i + 1, []
    if n > 23: n, i = int.from_bytes(b[i : i + (1 << n - 24)], "big"), i + (1 << n - 24)
    if kind == 0: return n, i
    if kind in (2, 3): return (b[i : i + n] if kind == 2 else b[i : i + n].decode()), i + n
    need(kind in (4, 5), "unknown type")
    for _ in range(n * (kind - 3)): v, i = cbor(b, i); out.append(v)
    return (out if kind == 4 else dict(zip(out[::2], out[1::2]))), i
def subject(domain, root, header, chain, at):  # whom the root vouches for at a time
    data = lambda h: cbor(bytes_of(h.removeprefix("v1=")))[0]
    links, issuer, key = [cbor(b)[0] for b in (data(chain) if chain else [])] + [data(header)], "root", root
    for n, link in enumerate(links):
        signed(key, link["claims"], link["sig"])
        c = cbor(link["claims"])[0]; name = c["subject_agent_id"]
        need(c["cred_version"] == 1 and c["issuer_id"] == issuer and c["trust_domain"] == domain, "another issuer")
        need(c["not_before"] - 60 <= at <= c["not_after"] + 60, "the credential did not hold then")
        need(issuer == "root" or name.startswith(issuer[:-2]) and name != issuer, "out of its namespace")
        need(name.endswith("/ca") == (n < len(links) - 1) and n < 3, "an authority is no member")
        issuer, key = name, c["subject_pubkey"]
    return issuer, key
def statement(s, domain, root, origin, seq, digest):  # the member that says so, its key, and by which membership
    raw, digests = bytes_of(s["statement"]), bytes_of(s["digests"]); said = cbor(raw)[0]
    name, key = subject(domain, root, s["credential"], s.get("chain"), said["at"])
    signed(key, b"tally held v2\0" + raw, bytes_of(s["signature"]))
    need(said["v"] == 2 and said["member"] == name and said["domain"] == domain, "of another member")
    firsts = [a for o, a, b, h in said["held"] if o == origin and a <= seq <= b and h == hashlib.sha256(digests).digest()]
    need(any(digests[(seq - a) * 32 :][:32] == digest for a in firsts), "not about this op")
    return name, key, (said["epoch"], said["members"])
def main(path, domain, root):
    text, holders, keys, root = open(path).read(), {}, set(), bytes.fromhex(root)
    r = json.loads(text); lines = ["2"] + [str(r.get(n, "")) for n in ("dot", "digest", "quorum", "issued", "credential", "chain")]
    need(json.dumps(r, indent=2) + "\n" == text and r["version"] == 2, "not as it was written")
    for s in r["statements"]: lines += [s.get(n, "") for n in ("statement", "signature", "credential", "chain", "digests")]
    issuer, key = subject(domain, root, r["credential"], r.get("chain"), r["issued"])
    signed(key, ("tally receipt v2\0" + "\n".join(lines)).encode(), bytes_of(r["signature"]))
    origin, seq = r["dot"].rsplit(".", 1)
    for s in r["statements"]:
        try: name, key, by = statement(s, domain, root, origin, int(seq), bytes.fromhex(r["digest"]))
        except Exception as e: print("refused:", repr(e)); continue
        if key not in keys and name not in holders and by == next(iter(holders.values()), by): holders[name] = by; keys.add(key)
        else: print("refused: counted already, or by another membership:", name)
    print("%s is held by %s, of %d members, says %s" % (r["dot"], ", ".join(holders), next(iter(holders.values()))[1], issuer))
    return 0 if len(holders) >= r["quorum"] >= 1 else 1
if __name__ == "__main__": sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 4 else __doc__)
