// As much of Apple's QuartzCore as the sample uses, for a compiler that has none.

public func CACurrentMediaTime() -> Double { 0 }
