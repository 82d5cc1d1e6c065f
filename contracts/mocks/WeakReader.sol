// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title WeakReader
/// @notice Pays one wei to the address in a key, and reads its calldata incorrectly, in a different way in each
/// function, as a target for the fuzzing of structures. Only `sound` reads it correctly.
contract WeakReader {
    /// @notice The keccak256 hash of the key.
    bytes32 public immutable LOCK;

    /// @notice Thrown when the key does not match the hash.
    error KeyWrong();
    /// @notice Thrown when the receiver rejects the wei.
    /// @param to The receiver
    error NotTaken(address to);

    constructor(bytes32 lock) payable {
        LOCK = lock;
    }

    /// @notice Reads `key` correctly as `to(20) | secret(32)`.
    function sound(bytes calldata key) external {
        _requireKey(key);
        _pay(address(bytes20(key)));
    }

    /// @notice Chooses the reading by the length of the input: without a key it reads the bytes after it.
    function byLength(bytes calldata key) external {
        if (key.length != 0) _requireKey(key);
        _pay(_addressAt(key, 0));
    }

    /// @notice Hashes `secret(32)` of `secret(32) | to(20)`, and reads the rest even if `note` ends before it.
    function behindTheEnd(bytes calldata note) external {
        if (note.length < 32 || keccak256(note[:32]) != LOCK) revert KeyWrong();
        _pay(_addressAt(note, 32));
    }

    /// @notice Reads from the end of all calldata.
    function fromTheTail(bytes calldata key) external {
        _requireKey(key);
        _pay(address(bytes20(msg.data[msg.data.length - 20:])));
    }

    /// @notice Pays each given key, even one that is given twice.
    function each(bytes[] calldata keys) external {
        for (uint256 i; i < keys.length; ++i) {
            if (keccak256(keys[i]) == LOCK) _pay(address(bytes20(keys[i])));
        }
    }

    /// @notice Uses the length of one list as an index of another.
    function atIndex(bytes[] calldata keys, bytes32[] calldata path) external {
        _requireKey(keys[path.length]);
        _pay(address(bytes20(keys[path.length])));
    }

    /// @notice Does an amount of work given by `count(4) | to(20) | secret(32)`, before it checks the key.
    function counted(bytes calldata row) external {
        uint256 sum = 0;
        for (uint256 left = uint32(bytes4(row)); left != 0; --left) {
            sum += left;
        }
        if (sum == 0) revert KeyWrong();
        _requireKey(row[4:]);
        _pay(address(bytes20(row[4:])));
    }

    function _requireKey(bytes calldata key) private view {
        if (keccak256(key) != LOCK) revert KeyWrong();
    }

    function _addressAt(bytes calldata data, uint256 at) private pure returns (address to) {
        assembly ("memory-safe") {
            to := shr(96, calldataload(add(data.offset, at)))
        }
    }

    function _pay(address to) private {
        (bool taken,) = to.call{value: 1}("");
        if (!taken) revert NotTaken(to);
    }
}
