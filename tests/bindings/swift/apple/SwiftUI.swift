// As much of Apple's SwiftUI as the sample uses, for a compiler that has none: types to check against, no pictures.

@MainActor @preconcurrency
public protocol View {
    associatedtype Body: View
    @ViewBuilder var body: Body { get }
}

/// A view that is not made of others.
public protocol Part: View {}

extension Part {
    // With `return`, or the builder would make a view of it.
    public var body: Never { return fatalError("it is not made of others") }
}

extension Never: View {
    public var body: Never { return fatalError("it is not made of others") }
}

public struct AnyView: Part {
    nonisolated public init() {}
}

@resultBuilder
public enum ViewBuilder {
    public static func buildExpression<V: View>(_ view: V) -> AnyView { AnyView() }
    public static func buildBlock(_ views: AnyView...) -> AnyView { AnyView() }
    public static func buildEither(first view: AnyView) -> AnyView { view }
    public static func buildEither(second view: AnyView) -> AnyView { view }
    public static func buildOptional(_ view: AnyView?) -> AnyView { AnyView() }
}

@MainActor @preconcurrency
public protocol Scene {}

public struct WindowGroup: Scene {
    public init(@ViewBuilder content: () -> AnyView) {}
}

@MainActor @preconcurrency
public protocol App {
    associatedtype Body: Scene
    var body: Body { get }
    init()
}

extension App {
    public static func main() {}
}

@propertyWrapper
public struct State<Value> {
    public var wrappedValue: Value {
        get { fatalError("no state is kept") }
        nonmutating set {}
    }

    public init(wrappedValue: Value) {}
}

extension State where Value: ExpressibleByNilLiteral {
    public init() {}
}

@propertyWrapper
public struct Binding<Value> {
    public var wrappedValue: Value {
        get { fatalError("nothing is bound") }
        nonmutating set {}
    }

    public init() {}
}

@propertyWrapper @dynamicMemberLookup
public struct Bindable<Value: AnyObject> {
    public var wrappedValue: Value
    public var projectedValue: Bindable<Value> { self }

    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    public subscript<Subject>(dynamicMember path: ReferenceWritableKeyPath<Value, Subject>) -> Binding<Subject> {
        Binding()
    }
}

public enum ScenePhase: Equatable, Sendable {
    case background, inactive, active
}

public struct EnvironmentValues {
    public var scenePhase: ScenePhase { .active }
}

@propertyWrapper
public struct Environment<Value> {
    private let path: KeyPath<EnvironmentValues, Value>

    public var wrappedValue: Value { EnvironmentValues()[keyPath: path] }

    public init(_ path: KeyPath<EnvironmentValues, Value>) { self.path = path }
}
