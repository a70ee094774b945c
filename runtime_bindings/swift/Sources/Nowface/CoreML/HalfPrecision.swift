extension Float {
    /// The value of a half precision number. Swift's `Float16` is not there on Macs with Intel processors.
    init(halfBits bits: UInt16) {
        let sign = UInt32(bits >> 15) << 31
        let exponent = UInt32(bits >> 10) & 0x1f
        let fraction = UInt32(bits) & 0x3ff
        switch exponent {
        case 0:
            // A multiple of 2^-24: exact in single precision.
            let size = Float(fraction) * 0x1p-24
            self.init(bitPattern: sign | size.bitPattern)
        case 0x1f:
            self.init(bitPattern: sign | 0x7f80_0000 | fraction << 13)
        default:
            self.init(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
