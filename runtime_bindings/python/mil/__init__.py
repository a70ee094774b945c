"""An interpreter of Core ML's ML Programs, for machines that have no Core ML.

It executes the file that would be shipped: the operations, constants, states and declared types of an ``.mlpackage``,
one PyTorch kernel an operation; compressed weights are restored by kernels too, as a device does it. Values declared
fp16 are rounded to fp16 after every operation that computes; inside one operation the arithmetic is fp32. So it checks
the converter, the stored weights, the rounding of storage and the plumbing of the state. It does not check Apple's
kernels, their fusions, the Neural Engine's rounding or any speed: those need a Mac or a phone.
"""
