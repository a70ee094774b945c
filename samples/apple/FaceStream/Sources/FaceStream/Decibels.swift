import Foundation

/// Of a power, against 1.
func decibels(_ power: Float) -> Float { 10 * log10(power) }
