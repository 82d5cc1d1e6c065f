// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBlockValidity} from "../interfaces/IBlockValidity.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {Deposits} from "./Deposits.sol";

/// @title Blocks and the operator
abstract contract Blocks is Deposits {
    uint256 private constant MOST = 65_536;

    /// @dev The announced operator, in one slot.
    /// @param next The next operator
    /// @param from The time from which it may take over
    struct Rotation {
        address next;
        uint40 from;
    }

    Rotation private _rotation;
    /// @inheritdoc IRootChain
    bytes32 public stateRoot;

    /// @inheritdoc IRootChain
    function submitBlock(uint256 number, bytes32 root, uint256 count) external {
        if (_VALIDITY != address(0)) revert UnexpectedVerifier(false);
        _append(number, root, count);
    }

    /// @inheritdoc IRootChain
    function submitProvenBlock(uint256 number, bytes32 root, uint256 count, bytes32 nextState, bytes calldata proof)
        external
    {
        uint256 word = _append(number, root, count);
        if (_VALIDITY == address(0) || !IBlockValidity(_VALIDITY).verify(stateRoot, nextState, root, word, proof)) {
            revert UnexpectedVerifier(true);
        }
        stateRoot = nextState;
    }

    /// @inheritdoc IRootChain
    function proposeOperator(address next) external {
        _requireOperator();
        uint256 from = block.timestamp + _ROTATION_DELAY;
        _rotation = Rotation(next, uint40(from));
        emit OperatorProposed(next, from);
    }

    /// @inheritdoc IRootChain
    function acceptOperator() external {
        Rotation memory rotation = _rotation;
        if (msg.sender != rotation.next) revert UnauthorizedCaller(msg.sender, rotation.next);
        if (block.timestamp < rotation.from) revert TooEarly(block.timestamp, rotation.from);
        delete _rotation;
        _setOperator(msg.sender);
        emit OperatorChanged(msg.sender);
    }

    /// @inheritdoc IRootChain
    function pendingOperator() external view returns (address next, uint256 from) {
        return (_rotation.next, _rotation.from);
    }

    /// @dev Adds the next block and returns its word.
    function _append(uint256 number, bytes32 root, uint256 count) private returns (uint256 word) {
        Head storage h = _requireOperator();
        if (h.frozen) revert ChainFrozen();
        if (number != h.nextBlock) revert UnexpectedBlockNumber(number, h.nextBlock);
        if (count == 0 || count > MOST) revert InvalidCount(count);
        unchecked {
            // One block a second for 17,000 years stays below the positions of deposits.
            h.nextBlock = uint40(number + 1);
            word = (block.timestamp << 32) | count;
        }
        blocks[number] = _hashOf(root, bytes32(word), 64);
        emit BlockSubmitted(number, root, word);
    }
}
