#include "textflag.h"

DATA ones<>+0(SB)/8, $0x0001000100010001
DATA ones<>+8(SB)/8, $0x0001000100010001
DATA ones<>+16(SB)/8, $0x0001000100010001
DATA ones<>+24(SB)/8, $0x0001000100010001
GLOBL ones<>(SB), RODATA|NOPTR, $32

// One row of w against the block of a in Y4 whose scale is in Y5. The product of
// two bytes with signs is |w| times a with the sign of w: the instruction wants the
// first without a sign.
#define ROW(W, S, ACC) \
	VMOVDQU (W)(AX*1), Y6 \
	VPABSB Y6, Y7 \
	VPSIGNB Y6, Y4, Y8 \
	VPMADDUBSW Y8, Y7, Y9 \
	VPMADDWD Y15, Y9, Y9 \
	VCVTDQ2PS Y9, Y9 \
	VBROADCASTSS (S)(BX*4), Y10 \
	VMULPS Y5, Y10, Y10 \
	VFMADD231PS Y10, Y9, ACC

// func rows4AVX2(w *int8, ws *float32, a *int8, as *float32, blocks int, out *[4]float32)
TEXT ·rows4AVX2(SB), NOSPLIT, $0-48
	MOVQ w+0(FP), R8
	MOVQ ws+8(FP), R12
	MOVQ a+16(FP), SI
	MOVQ as+24(FP), DI
	MOVQ blocks+32(FP), CX
	MOVQ CX, DX
	SHLQ $5, DX
	LEAQ (R8)(DX*1), R9
	LEAQ (R9)(DX*1), R10
	LEAQ (R10)(DX*1), R11
	LEAQ (R12)(CX*4), R13
	LEAQ (R13)(CX*4), DX
	LEAQ (DX)(CX*4), R15
	VMOVDQU ones<>(SB), Y15
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	XORQ AX, AX
	XORQ BX, BX
rows:
	VMOVDQU (SI)(AX*1), Y4
	VBROADCASTSS (DI)(BX*4), Y5
	ROW(R8, R12, Y0)
	ROW(R9, R13, Y1)
	ROW(R10, DX, Y2)
	ROW(R11, R15, Y3)
	ADDQ $32, AX
	INCQ BX
	CMPQ BX, CX
	JLT rows
	VHADDPS Y1, Y0, Y0
	VHADDPS Y3, Y2, Y2
	VHADDPS Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS X1, X0, X0
	MOVQ out+40(FP), DX
	VMOVUPS X0, (DX)
	VZEROUPPER
	RET

// func dotAVX2(a, b *int8, blocks int) int32
TEXT ·dotAVX2(SB), NOSPLIT, $0-28
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ blocks+16(FP), CX
	VMOVDQU ones<>(SB), Y15
	VPXOR Y0, Y0, Y0
dot:
	VMOVDQU (SI), Y6
	VMOVDQU (DI), Y4
	VPABSB Y6, Y7
	VPSIGNB Y6, Y4, Y8
	VPMADDUBSW Y8, Y7, Y9
	VPMADDWD Y15, Y9, Y9
	VPADDD Y9, Y0, Y0
	ADDQ $32, SI
	ADDQ $32, DI
	DECQ CX
	JNZ dot
	VEXTRACTI128 $1, Y0, X1
	VPADDD X1, X0, X0
	VPHADDD X0, X0, X0
	VPHADDD X0, X0, X0
	VMOVD X0, AX
	MOVL AX, ret+24(FP)
	VZEROUPPER
	RET

// func dotsAVX2(out *int32, q, m *int8, at *uint32, n, blocks, rows int) (done int)
//
// Rows that lie far apart are not in the cache: while one is multiplied, that of
// twelve places later is fetched.
TEXT ·dotsAVX2(SB), NOSPLIT, $0-64
	MOVQ out+0(FP), DI
	MOVQ q+8(FP), SI
	MOVQ m+16(FP), R8
	MOVQ at+24(FP), R9
	MOVQ n+32(FP), R10
	MOVQ blocks+40(FP), R13
	MOVQ rows+48(FP), R12
	SHLQ $5, R13
	VMOVDQU ones<>(SB), Y15
	XORQ BX, BX
row:
	CMPQ BX, R10
	JGE dotted
	MOVL (R9)(BX*4), AX
	CMPQ AX, R12
	JAE dotted
	IMULQ R13, AX
	ADDQ R8, AX
	LEAQ 12(BX), DX
	CMPQ DX, R10
	CMOVQGE BX, DX
	MOVL (R9)(DX*4), DX
	IMULQ R13, DX
	ADDQ R8, DX
	XORQ CX, CX
	VPXOR Y0, Y0, Y0
block:
	PREFETCHT0 (DX)(CX*1)
	VMOVDQU (SI)(CX*1), Y6
	VMOVDQU (AX)(CX*1), Y4
	VPABSB Y6, Y7
	VPSIGNB Y6, Y4, Y8
	VPMADDUBSW Y8, Y7, Y9
	VPMADDWD Y15, Y9, Y9
	VPADDD Y9, Y0, Y0
	ADDQ $32, CX
	CMPQ CX, R13
	JLT block
	VEXTRACTI128 $1, Y0, X1
	VPADDD X1, X0, X0
	VPHADDD X0, X0, X0
	VPHADDD X0, X0, X0
	VMOVD X0, (DI)(BX*4)
	INCQ BX
	JMP row
dotted:
	MOVQ BX, done+56(FP)
	VZEROUPPER
	RET

// One word of a row, at AX, against that of the question, at SI: the bits in which they
// differ are added to CX.
#define DIFFER(AT) \
	MOVQ AT(AX), DX \
	XORQ AT(SI), DX \
	POPCNTQ DX, DX \
	ADDQ DX, CX

// func differPOPCNT(out *uint16, q, m *uint64, at *uint32, n, pairs, rows int) (done int)
TEXT ·differPOPCNT(SB), NOSPLIT, $0-64
	MOVQ out+0(FP), DI
	MOVQ q+8(FP), R11
	MOVQ m+16(FP), R8
	MOVQ at+24(FP), R9
	MOVQ n+32(FP), R10
	MOVQ pairs+40(FP), R13
	MOVQ rows+48(FP), R12
	XORQ BX, BX
signs:
	CMPQ BX, R10
	JGE compared
	MOVL (R9)(BX*4), AX
	CMPQ AX, R12
	JAE compared
	IMULQ R13, AX
	SHLQ $4, AX
	ADDQ R8, AX
	MOVQ R11, SI
	XORQ CX, CX
	PREFETCHT0 1024(AX) // most of the time rows are read in order
	MOVQ R13, R14
	SUBQ $2, R14
	JLT two
four:
	DIFFER(0)
	DIFFER(8)
	DIFFER(16)
	DIFFER(24)
	ADDQ $32, AX
	ADDQ $32, SI
	SUBQ $2, R14
	JGE four
two:
	CMPQ R14, $-1
	JNE store
	DIFFER(0)
	DIFFER(8)
store:
	MOVW CX, (DI)(BX*2)
	INCQ BX
	JMP signs
compared:
	MOVQ BX, done+56(FP)
	RET

// func floatsAVX2(a, b *float32, eights int) float32
TEXT ·floatsAVX2(SB), NOSPLIT, $0-28
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ eights+16(FP), CX
	VXORPS Y0, Y0, Y0
floats:
	VMOVUPS (SI), Y1
	VFMADD231PS (DI), Y1, Y0
	ADDQ $32, SI
	ADDQ $32, DI
	DECQ CX
	JNZ floats
	VEXTRACTF128 $1, Y0, X1
	VADDPS X1, X0, X0
	VHADDPS X0, X0, X0
	VHADDPS X0, X0, X0
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func addAVX2(y *float32, f float32, x *float32, eights int)
TEXT ·addAVX2(SB), NOSPLIT, $0-32
	MOVQ y+0(FP), DI
	VBROADCASTSS f+8(FP), Y2
	MOVQ x+16(FP), SI
	MOVQ eights+24(FP), CX
add:
	VMOVUPS (DI), Y0
	VFMADD231PS (SI), Y2, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, SI
	ADDQ $32, DI
	DECQ CX
	JNZ add
	VZEROUPPER
	RET

DATA absolute<>+0(SB)/4, $0x7fffffff
GLOBL absolute<>(SB), RODATA|NOPTR, $4
DATA limit<>+0(SB)/4, $127.0
GLOBL limit<>(SB), RODATA|NOPTR, $4
DATA order<>+0(SB)/8, $0x0000000400000000
DATA order<>+8(SB)/8, $0x0000000500000001
DATA order<>+16(SB)/8, $0x0000000600000002
DATA order<>+24(SB)/8, $0x0000000700000003
GLOBL order<>(SB), RODATA|NOPTR, $32

// func quantiseAVX2(q *int8, scale *float32, x *float32, blocks int)
TEXT ·quantiseAVX2(SB), NOSPLIT, $0-32
	MOVQ q+0(FP), DI
	MOVQ scale+8(FP), DX
	MOVQ x+16(FP), SI
	MOVQ blocks+24(FP), CX
	VBROADCASTSS absolute<>(SB), Y15
	VMOVSS limit<>(SB), X14
	VMOVDQU order<>(SB), Y13
quantise:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS 64(SI), Y2
	VMOVUPS 96(SI), Y3
	VANDPS Y15, Y0, Y4
	VANDPS Y15, Y1, Y5
	VANDPS Y15, Y2, Y6
	VANDPS Y15, Y3, Y7
	VMAXPS Y5, Y4, Y4
	VMAXPS Y7, Y6, Y6
	VMAXPS Y6, Y4, Y4
	VEXTRACTF128 $1, Y4, X5
	VMAXPS X5, X4, X4
	VPERMILPS $0x4E, X4, X5
	VMAXPS X5, X4, X4
	VPERMILPS $0xB1, X4, X5
	VMAXPS X5, X4, X4
	VMOVD X4, AX
	TESTL AX, AX
	JEQ nothing
	CMPL AX, $0x7f800000
	JGE nothing
	VDIVSS X4, X14, X5
	VBROADCASTSS X5, Y5
	VMULPS Y5, Y0, Y0
	VMULPS Y5, Y1, Y1
	VMULPS Y5, Y2, Y2
	VMULPS Y5, Y3, Y3
	VCVTPS2DQ Y0, Y0
	VCVTPS2DQ Y1, Y1
	VCVTPS2DQ Y2, Y2
	VCVTPS2DQ Y3, Y3
	VPACKSSDW Y1, Y0, Y0
	VPACKSSDW Y3, Y2, Y2
	VPACKSSWB Y2, Y0, Y0
	VPERMD Y0, Y13, Y0
	VMOVDQU Y0, (DI)
	VDIVSS X14, X4, X4
	VMOVSS X4, (DX)
	JMP next
nothing:
	VPXOR Y0, Y0, Y0
	VMOVDQU Y0, (DI)
	VMOVSS X0, (DX)
next:
	ADDQ $128, SI
	ADDQ $32, DI
	ADDQ $4, DX
	DECQ CX
	JNZ quantise
	VZEROUPPER
	RET
