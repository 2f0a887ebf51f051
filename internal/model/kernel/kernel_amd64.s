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
