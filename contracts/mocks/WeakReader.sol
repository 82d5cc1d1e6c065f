// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title WeakReader
/// @notice Pays one wei to whom a key names, and reads its calldata badly, each entry in its own way: what a fuzz of
/// structures must find. `sound` alone reads it well.
contract WeakReader {
    /// @notice The keccak256 of the key.
    bytes32 public immutable LOCK;

    /// @notice This key opens nothing.
    error KeyWrong();
    /// @notice The wei was not taken.
    error NotTaken(address to);

    constructor(bytes32 lock) payable {
        LOCK = lock;
    }

    /// @notice `key` is `to(20) | secret(32)`.
    function sound(bytes calldata key) external {
        _requireKey(key);
        _pay(address(bytes20(key)));
    }

    /// @notice How it reads is chosen by the length of what anybody gives: without a key it takes what lies behind.
    function byLength(bytes calldata key) external {
        if (key.length != 0) _requireKey(key);
        _pay(_addressAt(key, 0));
    }

    /// @notice Hashes `secret(32)` of `secret(32) | to(20)`, and reads the rest wherever `note` ends.
    function behindTheEnd(bytes calldata note) external {
        if (note.length < 32 || keccak256(note[:32]) != LOCK) revert KeyWrong();
        _pay(_addressAt(note, 32));
    }

    /// @notice Reads from the end of all calldata.
    function fromTheTail(bytes calldata key) external {
        _requireKey(key);
        _pay(address(bytes20(msg.data[msg.data.length - 20:])));
    }

    /// @notice Pays each key that it is given, also one that it is given twice.
    function each(bytes[] calldata keys) external {
        for (uint256 i; i < keys.length; ++i) {
            if (keccak256(keys[i]) == LOCK) _pay(address(bytes20(keys[i])));
        }
    }

    /// @notice Takes the length of one list for an index of another.
    function atIndex(bytes[] calldata keys, bytes32[] calldata path) external {
        _requireKey(keys[path.length]);
        _pay(address(bytes20(keys[path.length])));
    }

    /// @notice Does as much as `count(4) | to(20) | secret(32)` says, before it looks at the key.
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
