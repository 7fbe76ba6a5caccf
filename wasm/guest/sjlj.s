# The exception tag that setjmp and longjmp throw with; zig's libc uses it and does not define it.
	.globl	__c_longjmp
	.tagtype	__c_longjmp i32
__c_longjmp:
