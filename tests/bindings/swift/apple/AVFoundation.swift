// As much of Apple's AVFoundation as the sample uses, for a compiler that has none: types to check against, no sound.

public typealias OSStatus = Int32
public typealias AVAudioFrameCount = UInt32

public let noErr: OSStatus = 0

public struct AudioTimeStamp {}

public struct AudioBuffer {
    public var mNumberChannels: UInt32
    public var mData: UnsafeMutableRawPointer?
}

public struct AudioBufferList {
    public var mBuffers: AudioBuffer
}

public struct UnsafeMutableAudioBufferListPointer: Sequence, IteratorProtocol {
    public var first: AudioBuffer? { nil }

    public init(_ list: UnsafeMutablePointer<AudioBufferList>) {}

    public mutating func next() -> AudioBuffer? { nil }
}

public class AVAudioFormat {
    public var sampleRate: Double { 48_000 }
    public var channelCount: UInt32 { 1 }
}

public class AVAudioNode {
    public func outputFormat(forBus bus: Int) -> AVAudioFormat { AVAudioFormat() }
}

public class AVAudioInputNode: AVAudioNode {}

public typealias AVAudioSinkNodeReceiverBlock = (
    UnsafePointer<AudioTimeStamp>, AVAudioFrameCount, UnsafePointer<AudioBufferList>
) -> OSStatus

public class AVAudioSinkNode: AVAudioNode {
    public init(receiverBlock block: @escaping AVAudioSinkNodeReceiverBlock) {}
}

public class AVAudioEngine {
    public let inputNode = AVAudioInputNode()

    public init() {}

    public func attach(_ node: AVAudioNode) {}
    public func connect(_ node1: AVAudioNode, to node2: AVAudioNode, format: AVAudioFormat?) {}
    public func start() throws {}
    public func stop() {}
}

public class AVAudioApplication {
    public class func requestRecordPermission() async -> Bool { true }
}

public final class AVAudioSession: Sendable {
    public struct Category: Sendable {
        public static let record = Category()
    }

    public struct Mode: Sendable {
        public static let measurement = Mode()
    }

    public struct CategoryOptions: OptionSet, Sendable {
        public let rawValue: UInt

        public init(rawValue: UInt) { self.rawValue = rawValue }
    }

    private static let shared = AVAudioSession()

    public class func sharedInstance() -> AVAudioSession { shared }

    public func setCategory(_ category: Category, mode: Mode, options: CategoryOptions = []) throws {}
    public func setPreferredIOBufferDuration(_ duration: Double) throws {}
    public func setActive(_ active: Bool) throws {}
}
