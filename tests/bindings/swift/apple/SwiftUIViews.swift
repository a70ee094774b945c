// Views and modifiers of the stand-in for SwiftUI.

public struct VStack: Part {
    public init(spacing: Double? = nil, @ViewBuilder content: () -> AnyView) {}
}

public struct Text: Part {
    public init(_ text: String) {}

    public func font(_ font: Font?) -> Text { self }
}

public struct Font: Sendable {
    public static let caption = Font()

    public func monospacedDigit() -> Font { self }
}

public struct ProgressView: Part {
    public init(_ title: String) {}
    public init(value: Double?, total: Double = 1) {}
}

public struct ContentUnavailableView: Part {
    public init(_ title: String, systemImage: String, description: Text? = nil) {}
}

public struct Picker: Part {
    public init<Selection: Hashable>(
        _ title: String, selection: Binding<Selection>, @ViewBuilder content: () -> AnyView
    ) {}
}

public struct ForEach: Part {
    public init<Data: RandomAccessCollection>(_ data: Data, @ViewBuilder content: (Data.Element) -> AnyView)
    where Data.Element: Identifiable {}
}

public struct SegmentedPickerStyle: Sendable {
    public static let segmented = SegmentedPickerStyle()
}

extension View {
    public func tag<V: Hashable>(_ tag: V) -> some View { self }
    public func pickerStyle(_ style: SegmentedPickerStyle) -> some View { self }
    public func frame(minHeight: Double? = nil, maxWidth: Double? = nil) -> some View { self }
    public func padding() -> some View { self }
    public func accessibilityLabel(_ label: String) -> some View { self }

    public func task<T: Equatable>(
        id: T, @_inheritActorContext _ action: @escaping @Sendable () async -> Void
    ) -> some View { self }
}
