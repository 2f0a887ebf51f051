"""Check the signature of a memory, as `tally get ID --json` shows it. The bytes are explained in trust.md.
usage: python3 signature_verify.py MEMORY.json PUBLIC_KEY_HEX"""
import base64, hashlib, json, os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from receipt_verify import signed  # Ed25519
def text(s):
    b = s.encode(); n = len(b)
    size = next(i for i, most in enumerate((24, 1 << 8, 1 << 16, 1 << 32)) if n < most)
    return (bytes([0x60 | n]) if size == 0 else bytes([0x60 | 23 + size]) + n.to_bytes(1 << size - 1, "big")) + b
def message(m):  # CBOR of a map, the keys in the order of the alphabet
    digest = hashlib.sha256(m["content"].encode()).digest()
    parts = [("agent_id", text(m["signed_by"])), ("content_sha256", b"\x58\x20" + digest), ("created_at", text(m["signed_at"])),
             ("kind", text(m["memory_kind"])), ("namespace", text(m["namespace"])), ("title", text(m["title"]))]
    return b"\xa6" + b"".join(text(k) + v for k, v in parts)
if __name__ == "__main__":
    m = json.load(open(sys.argv[1]))
    signed(bytes.fromhex(sys.argv[2]), message(m), base64.b64decode(m["signature_value"], validate=True))
    print(m["signed_by"], "has signed it at", m["signed_at"])
