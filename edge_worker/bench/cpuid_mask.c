/* Makes every library of a process believe that the processor is an older one.
 *
 * Libraries choose their kernels by the CPUID instruction. Linux lets a process have it fault
 * (arch_prctl ARCH_CPUID, where the processor can); this library, loaded by LD_PRELOAD, catches the
 * fault, asks the processor, takes features out of the answer and goes on. What runs then is what an
 * older processor would run, at full speed. POLYLIP_BENCH_ISA says which features stay: "avx2" (a
 * Haswell of 2013) or "sse4.2" (no AVX at all, as in many a fanless box). Bits: Intel SDM, volume 2,
 * CPUID.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_CPUID 0x1012
#define BIT(n) (1u << (n))
#define BITS(from, to) ((BIT((to) - (from)) * 2u - 1u) << (from))

enum { EAX, EBX, ECX, EDX };

static struct sigaction usual;
static int without_avx;

static void take_out(uint32_t leaf, uint32_t subleaf, uint32_t answer[4]) {
  if (leaf == 7 && subleaf == 0) {
    /* AVX-512 F, DQ, IFMA, PF, ER, CD, BW, VL */
    answer[EBX] &= ~(BIT(16) | BIT(17) | BIT(21) | BITS(26, 28) | BIT(30) | BIT(31));
    /* AVX-512 VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ; GFNI, VAES, VPCLMULQDQ */
    answer[ECX] &= ~(BIT(1) | BIT(6) | BITS(8, 12) | BIT(14));
    /* AVX-512 4VNNIW, 4FMAPS, VP2INTERSECT, FP16; AMX */
    answer[EDX] &= ~(BIT(2) | BIT(3) | BIT(8) | BITS(22, 25));
    if (without_avx) answer[EBX] &= ~(BIT(3) | BIT(5) | BIT(8)); /* BMI1, AVX2, BMI2 */
  } else if (leaf == 7 && subleaf == 1) {
    /* AVX-VNNI, AVX-512 BF16, AMX-FP16, AVX-IFMA; AVX-VNNI-INT8/16, AVX-NE-CONVERT, AMX, AVX10 */
    answer[EAX] &= ~(BIT(4) | BIT(5) | BIT(21) | BIT(23));
    answer[EDX] &= ~(BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19));
  } else if (leaf == 1 && without_avx) {
    answer[ECX] &= ~(BIT(12) | BIT(27) | BIT(28) | BIT(29)); /* FMA, OSXSAVE, AVX, F16C */
  }
}

static void on_fault(int number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const uint8_t *code = (const uint8_t *)registers[REG_RIP];
  (void)number, (void)info;
  if (code[0] != 0x0f || code[1] != 0xa2) { /* a fault of its own: let it happen again */
    sigaction(SIGSEGV, &usual, NULL);
    return;
  }
  uint32_t leaf = (uint32_t)registers[REG_RAX], subleaf = (uint32_t)registers[REG_RCX];
  uint32_t answer[4];
  syscall(SYS_arch_prctl, ARCH_CPUID, 1);
  __cpuid_count(leaf, subleaf, answer[EAX], answer[EBX], answer[ECX], answer[EDX]);
  syscall(SYS_arch_prctl, ARCH_CPUID, 0);
  take_out(leaf, subleaf, answer);
  registers[REG_RAX] = answer[EAX];
  registers[REG_RBX] = answer[EBX];
  registers[REG_RCX] = answer[ECX];
  registers[REG_RDX] = answer[EDX];
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void begin(void) {
  const char *level = getenv("POLYLIP_BENCH_ISA");
  struct sigaction ours;
  if (level == NULL) return;
  without_avx = strcmp(level, "sse4.2") == 0;
  memset(&ours, 0, sizeof ours);
  ours.sa_sigaction = on_fault;
  ours.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &ours, &usual);
  syscall(SYS_arch_prctl, ARCH_CPUID, 0); /* whether it took is seen in what libraries then find */
}
